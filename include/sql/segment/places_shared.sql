-- name: places_shared
-- owner: data
-- grain: one row per block of segments
-- params: shared
-- purpose: The segments that share a scan, by block, with the bit of each.
select
    block,
    list(struct_pack(segment := segment, place := bit) order by bit) as segments
from temp.places
where list_contains($shared::varchar[], segment)
group by block
order by block;
