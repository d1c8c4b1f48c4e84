-- name: segments
-- owner: data
-- grain: one row
-- params: none
-- purpose: A value that changes with every run of the segments.
select
    concat_ws(
        ' ',
        (select max(built_at) from segment.runs),
        (select count(*) from segment.runs),
        (select count(*) from segment.sizes),
        (select count(*) from segment.features),
        (select count(*) from segment.members),
        (select count(*) from segment.moves),
        (select count(*) from segment.condition_changes)
    ) as state;
