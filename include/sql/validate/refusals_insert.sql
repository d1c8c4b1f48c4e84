-- name: refusals_insert
-- owner: data
-- grain: one row per new refusal
-- params: run, at, landed_at
-- purpose: Insert the refusals of a batch (temporary table refusals_incoming) that are new, each with the time from which it
--          counts. A repeated refusal is new only if it is later. A refusal that ends a consent counts from its own time
--          where that is later than the consent, else from the time of landing, since it was received after the consent. If
--          the batch has a later consent of the same subscriber, the refusal keeps its own time.
insert into core.refusals by name
with recorded as (
    select
        coalesce(subscriber_id, address_key) as subject,
        max(refused_at) as recorded_at
    from core.refusals
    where coalesce(subscriber_id, address_key) in (select coalesce(subscriber_id, address_key) from refusals_incoming)
    group by all
),

held as materialized (
    select
        subscriber_id,
        address_key
    from core.holdings
    where address_key in (select address_key from refusals_incoming)
),

consenting as (
    select
        subscriber_id,
        consented_at
    from core.subscribers
    where
        subscriber_id in (select subscriber_id from held)
        and deleted_at is null
        and status <> 'unsubscribed'
),

consented_elsewhere as (
    select
        held.address_key,
        max(consenting.consented_at) as consented_at
    from held
    inner join consenting on held.subscriber_id = consenting.subscriber_id
    group by held.address_key
),

compared as (
    select
        refusals_incoming.*,
        known.updated_at as known_at,
        known.address_key as known_address,
        recorded.recorded_at,
        known.subscriber_id is not null
        and known.status <> 'unsubscribed'
        and (recorded.recorded_at is null or coalesce(known.consented_at > recorded.recorded_at, false)) as ends_consent,
        consented_elsewhere.consented_at as consented_elsewhere_at
    from refusals_incoming
    left join core.subscribers as known on refusals_incoming.subscriber_id = known.subscriber_id
    left join recorded on coalesce(refusals_incoming.subscriber_id, refusals_incoming.address_key) = recorded.subject
    left join consented_elsewhere on refusals_incoming.address_key = consented_elsewhere.address_key
),

dated as (
    select
        subscriber_id,
        coalesce(address_key, known_address) as address_key,
        max(
            case
                when not ends_consent and recorded_at is not null then coalesce(refused_at, recorded_at)
                when refused_at is null then $landed_at::timestamptz
                when consented_at > refused_at then refused_at
                when ends_consent and refused_at <= known_at then $landed_at::timestamptz
                when consented_elsewhere_at >= refused_at then $landed_at::timestamptz
                else refused_at
            end
        ) as refused_at
    from compared
    group by all
)

select
    dated.subscriber_id,
    dated.address_key,
    dated.refused_at,
    $at::timestamptz as learned_at,
    $run as landed_run
from dated
where
    coalesce(dated.subscriber_id, dated.address_key) is not null
    and not exists (
        select 1
        from core.refusals as earlier
        where
            earlier.subscriber_id is not distinct from dated.subscriber_id
            and earlier.address_key is not distinct from dated.address_key
            and earlier.refused_at >= dated.refused_at
    );
