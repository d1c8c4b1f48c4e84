-- name: source_files_previous
-- owner: data
-- grain: one row a file
-- params: run, relation, is_full
-- purpose: The files of the batch before: the newest other one that was accepted, and for a full pass the newest full one.
with before as (
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
inner join before on files.landed_run = before.landed_run
where files.relation = $relation
order by files.file_name;
