-- name: activities_incoming
-- owner: data
-- grain: one row per valid landed activity (temp table incoming)
-- params: files, run
-- purpose: The valid rows of a piece, typed, with the action of the merge. An activity has no time of change, so it is
--          updated where it differs, and where it was known only because it was posted: it is the source's from now on.
create or replace temp table incoming as
with valid as (
    select
        activity_id,
        subscriber_id,
        lower(trim(name)) as name,
        source_time(happened_at) as happened_at,
        try_cast(properties as json) as properties,
        $run as landed_run
    from read_parquet($files)
    anti join (
        select row_number
        from quality.quarantine
        where landed_run = $run and relation = 'activities'
    ) as quarantined using (row_number)
)

select
    valid.*,
    case
        when known.activity_id is null then 'insert'
        when
            known.received_at is not null
            or valid.subscriber_id <> known.subscriber_id
            or valid.name <> known.name
            or valid.happened_at <> known.happened_at
            or coalesce(valid.properties::varchar, '') <> coalesce(known.properties::varchar, '')
            then 'update'
        else 'unchanged'
    end as action
from valid
left join core.activities as known on valid.activity_id = known.activity_id;
