-- name: subscribers_duplicates
-- owner: data
-- grain: one row per superseded landed row
-- params: files
-- purpose: Rows that share an id, or an address (also one that the warehouse has under another id): the newest is valid, the
--          others are quarantined; at equal times, the refusal is valid. A refusal, also one from an earlier batch,
--          overrides consent given before it: a row that consents counts only with later consent, and then overrides the
--          refusal. Reads the temporary table faults.
with without_faults as (
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
    from without_faults
),

holders as (
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

newest_refusals as (
    select
        address_key,
        max(refused_time) as refused_time
    from (
        select
            address_key,
            updated_time as refused_time
        from holders
        where refuses
        union all
        select
            address_key,
            refused_at as refused_time
        from core.refusals
        where address_key is not null
    ) as refusals
    group by address_key
),

claims as (
    select
        holders.row_number,
        row_number() over (
            partition by holders.address_key
            order by
                not holders.refuses
                and newest_refusals.refused_time is not null
                and not coalesce(holders.consented_time > newest_refusals.refused_time, false) asc,
                holders.refuses asc,
                holders.updated_time desc,
                holders.row_number desc nulls last,
                holders.subscriber_id asc
        ) as claim
    from holders
    left join newest_refusals on holders.address_key = newest_refusals.address_key
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
