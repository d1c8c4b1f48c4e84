-- name: subscribers_duplicates
-- owner: data
-- grain: one row per superseded landed row
-- params: files
-- purpose: Rows that share an id, or an address (also one that the warehouse has under another id): the newest is valid, the
--          others are quarantined; at equal times, the refusal is valid. A refusal, also one from an earlier batch,
--          overrides consent given before it: a row that consents counts only with later consent, and then overrides the
--          refusal. Only ids and addresses that occur twice are sorted. Reads the temporary table faults.
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

repeated_ids as (
    select subscriber_id
    from without_faults
    group by subscriber_id
    having count(*) > 1
),

older_versions as (
    select row_number
    from without_faults
    semi join repeated_ids using (subscriber_id)
    qualify row_number() over (partition by subscriber_id order by updated_time desc, refuses desc, row_number desc) > 1
),

holders as (
    select
        row_number,
        subscriber_id,
        refuses,
        updated_time,
        consented_time,
        address_key
    from without_faults
    anti join older_versions using (row_number)
    union all by name
    select
        null::bigint as row_number,
        known.subscriber_id,
        known.status = 'unsubscribed' as refuses,
        known.updated_at as updated_time,
        known.consented_at as consented_time,
        known.address_key
    from core.subscribers as known
    semi join without_faults on known.address_key = without_faults.address_key
    anti join without_faults on known.subscriber_id = without_faults.subscriber_id
    where known.deleted_at is null
),

shared_addresses as (
    select address_key
    from holders
    group by address_key
    having count(*) > 1
),

sharers as (
    select holders.*
    from holders
    semi join shared_addresses using (address_key)
),

newest_refusals as (
    select
        address_key,
        max(refused_time) as refused_time
    from (
        select
            address_key,
            updated_time as refused_time
        from sharers
        where refuses
        union all
        select
            address_key,
            refused_at as refused_time
        from core.refusals
        semi join shared_addresses using (address_key)
    ) as refusals
    group by address_key
),

claims as (
    select
        sharers.row_number,
        row_number() over (
            partition by sharers.address_key
            order by
                not sharers.refuses
                and newest_refusals.refused_time is not null
                and not coalesce(sharers.consented_time > newest_refusals.refused_time, false) asc,
                sharers.refuses asc,
                sharers.updated_time desc,
                sharers.row_number desc nulls last,
                sharers.subscriber_id asc
        ) as claim
    from sharers
    left join newest_refusals on sharers.address_key = newest_refusals.address_key
)

select
    row_number,
    'duplicate_id' as reason
from older_versions
union all
select
    row_number,
    'duplicate_address' as reason
from claims
where claim > 1 and row_number is not null;
