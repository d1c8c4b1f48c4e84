-- name: 300_segment_positions
-- owner: data
-- grain: one row per segment that was ever built
-- params: none
-- purpose: Which bit of segment.members is whose: block is position // 64, the bit in it position % 64. known_since: from when on
--          its members can be asked; first_run: the run that built it first, whose members have entered with no row in
--          segment.moves; null once older moves are deleted.
create table if not exists segment.positions as
with spelled as (
    select
        segment,
        arg_min(entered_run, entered_at) as first_run,
        min(entered_at) as known_since
    from segment.spells
    group by segment
),

sized as (
    select
        sizes.segment,
        arg_max(runs.segment_run, (runs.as_of, runs.built_at)) as first_run,
        max(runs.as_of) as known_since
    from segment.sizes
    inner join segment.runs using (segment_run)
    group by sizes.segment
)

select
    sized.segment,
    (row_number() over (order by sized.segment) - 1)::integer as position,
    coalesce(spelled.first_run, sized.first_run) as first_run,
    coalesce(spelled.known_since, sized.known_since) as known_since
from sized
left join spelled on sized.segment = spelled.segment;
