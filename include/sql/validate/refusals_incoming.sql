-- name: refusals_incoming
-- owner: data
-- grain: one row per landed row that refuses (temp table refusals_incoming)
-- params: files, landed_at
-- purpose: Every row of a batch whose status is a word of refusal, whatever other rule it breaks: no refusal is lost because
--          of another fault. refused_at is null where updated_at is unreadable or in the future. newest_good_at is the
--          newest good row of the subscriber in the batch, consented_at the newest consent among them. Reads the temporary
--          table faults.
create or replace temp table refusals_incoming as
with landed as (
    select
        subscriber_id,
        email,
        source_time(updated_at) as refused_at
    from read_parquet($files)
    where says_no(status)
),

others as (
    select *
    from read_parquet($files)
    where subscriber_id in (select subscriber_id from landed)
),

newest_good as (
    select
        subscriber_id,
        max(source_time(updated_at)) as newest_good_at,
        max(source_time(consented_at)) as consented_at
    from others
    anti join (
        select row_number
        from faults
        where reason not in ('duplicate_id', 'duplicate_address')
    ) as faulty using (row_number)
    where not coalesce(says_no(status), false)
    group by subscriber_id
)

select
    landed.subscriber_id,
    if(coalesce(contains(landed.email, '@'), false), keyed_address(landed.email), null) as address_key,
    if(landed.refused_at <= $landed_at::timestamptz, landed.refused_at, null) as refused_at,
    newest_good.newest_good_at,
    newest_good.consented_at
from landed
left join newest_good on landed.subscriber_id = newest_good.subscriber_id;
