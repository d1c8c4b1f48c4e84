-- name: own_moves_create
-- owner: data
-- grain: one row per subscriber and block whom an earlier try of this run moved
-- params: segment_run
-- purpose: Temporary table of what an earlier try of this run changed in segment.members; usually nothing.
create or replace temp table own_moves as
select
    moves.subscriber_id,
    (positions.position // 64)::usmallint as block,
    coalesce(bit_or(1::ubigint << (positions.position % 64)::ubigint) filter (where moves.moved = 'entered'), 0) as entered,
    coalesce(bit_or(1::ubigint << (positions.position % 64)::ubigint) filter (where moves.moved = 'left'), 0) as gone
from segment.moves
inner join segment.positions on moves.segment = positions.segment
where moves.segment_run = $segment_run
group by moves.subscriber_id, positions.position // 64;
