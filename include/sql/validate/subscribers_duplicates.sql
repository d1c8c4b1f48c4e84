-- name: subscribers_duplicates
-- owner: data
-- grain: one row a landed row that gives way to another
-- params: files
-- purpose: Two rows for one subscriber, or two subscribers with one address (also one that the warehouse already has): the
--          newest stays, the others are quarantined; of two rows of the same moment, the one that refuses. A refusal outlives
--          consent that was given before it, also one that was told in an earlier batch: where an address was refused, a row
--          that wants mail counts only with consent given later, and then it counts for more than the refusal. Reads the
--          temporary table faults.
with passed as (
    select
        row_number,
        subscriber_id,
        says_no(status) as refuses,
        source_time(updated_at) as updated_time,
        source_time(consented_at) as consented_time,
        keyed_address(email) as address_key
    from read_parquet($files)
    anti join faults using (row_number)
),

versions as (
    select
        *,
        row_number() over (partition by subscriber_id order by updated_time desc, refuses desc, row_number desc) as version
    from passed
),

held as (
    select
        row_number,
        subscriber_id,
        refuses,
        updated_time,
        consented_time,
        address_key
    from versions
    where version = 1
    union all by name
    select
        null::bigint as row_number,
        known.subscriber_id,
        known.status = 'unsubscribed' as refuses,
        known.updated_at as updated_time,
        known.consented_at as consented_time,
        known.address_key
    from core.subscribers as known
    where
        known.deleted_at is null
        and known.address_key in (select address_key from versions)
        and known.subscriber_id not in (select subscriber_id from versions)
),

refused as (
    select
        address_key,
        max(refused_time) as refused_time
    from (
        select
            address_key,
            updated_time as refused_time
        from held
        where refuses
        union all
        select
            address_key,
            refused_at as refused_time
        from core.refusals
        where address_key is not null
    )
    group by address_key
),

claims as (
    select
        held.row_number,
        row_number() over (
            partition by held.address_key
            order by
                not held.refuses
                and refused.refused_time is not null
                and not coalesce(held.consented_time > refused.refused_time, false),
                held.refuses,
                held.updated_time desc, held.row_number desc nulls last, held.subscriber_id
        ) as claim
    from held
    left join refused on held.address_key = refused.address_key
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
where claim > 1 and row_number is not null;
