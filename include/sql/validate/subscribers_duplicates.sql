-- name: subscribers_duplicates
-- owner: data
-- grain: one row a landed row that gives way to another
-- params: files
-- purpose: Two rows for one subscriber, or two subscribers with one address (also one that the warehouse already has): the
--          newest stays, the others are quarantined. A refusal outlives consent that was given before it: where one row of an
--          address has unsubscribed, a subscribed row counts only with consent given later. Reads the temporary table faults.
with passed as (
    select
        row_number,
        subscriber_id,
        lower(trim(status)) as state,
        source_time(updated_at) as updated_time,
        source_time(consented_at) as consented_time,
        keyed_address(email) as address_key
    from read_parquet($files)
    anti join faults using (row_number)
),

versions as (
    select
        *,
        row_number() over (partition by subscriber_id order by updated_time desc, row_number desc) as version
    from passed
),

held as (
    select
        row_number,
        subscriber_id,
        state,
        updated_time,
        consented_time,
        address_key
    from versions
    where version = 1
    union all by name
    select
        null::bigint as row_number,
        known.subscriber_id,
        known.status as state,
        known.updated_at as updated_time,
        known.consented_at as consented_time,
        known.address_key
    from core.subscribers as known
    where
        known.deleted_at is null
        and known.address_key in (select address_key from versions)
        and known.subscriber_id not in (select subscriber_id from versions)
),

claims as (
    select
        row_number,
        row_number() over (
            partition by address_key
            order by
                state <> 'unsubscribed' and coalesce(consented_time <= refused_time, false),
                updated_time desc, row_number desc nulls last, subscriber_id
        ) as claim
    from (
        select
            *,
            max(updated_time) filter (where state = 'unsubscribed') over (partition by address_key) as refused_time
        from held
    )
)

select
    row_number,
    'duplicate_id' as reason
from versions
where version > 1
union all
select
    row_number,
    'duplicate_address' as reason
from claims
where claim > 1 and row_number is not null
