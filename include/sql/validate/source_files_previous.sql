-- name: source_files_previous
-- owner: data
-- grain: one row per file
-- params: run, relation, is_full
-- purpose: The files of the previous accepted batch; for a full pass, of the previous accepted full pass.
with previous as (
    select landed_run
    from quality.runs
    where
        relation = $relation
        and landed_run <> $run
        and verdict = 'accepted'
        and (not $is_full or is_full)
    order by validated_at desc
    limit 1
)

select files.file_name
from quality.source_files as files
inner join previous on files.landed_run = previous.landed_run
where files.relation = $relation
order by files.file_name;
