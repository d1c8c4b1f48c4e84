-- name: refusals_insert
-- owner: data
-- grain: one row a refusal that is new
-- params: run, at, landed_at
-- purpose: Keep the refusals of a batch (temporary table refusals_incoming) that say something new, each with the moment from which it
--          counts. A source that goes on saying no says nothing new but a later time. A refusal that replaces a yes counts from
--          its own time where that is newer than the yes, and else from the moment of landing: whatever its clock says, it was
--          learned after the yes. Where the batch itself holds a later consent of the same subscriber, it is history.
insert into core.refusals by name
with noted as (
    select
        coalesce(subscriber_id, address_key) as whose,
        max(refused_at) as noted_at
    from core.refusals
    where coalesce(subscriber_id, address_key) in (select coalesce(subscriber_id, address_key) from refusals_incoming)
    group by all
),

wanted_elsewhere as (
    select
        holdings.address_key,
        max(person.consented_at) as consented_at
    from core.holdings
    inner join core.subscribers as person on holdings.subscriber_id = person.subscriber_id
    where
        holdings.address_key in (select address_key from refusals_incoming)
        and person.deleted_at is null
        and person.status <> 'unsubscribed'
    group by holdings.address_key
),

compared as (
    select
        refusals_incoming.*,
        known.updated_at as known_at,
        known.address_key as known_address,
        noted.noted_at,
        known.subscriber_id is not null
        and known.status <> 'unsubscribed'
        and (noted.noted_at is null or coalesce(known.consented_at > noted.noted_at, false)) as ends_a_yes,
        wanted_elsewhere.consented_at as wanted_at
    from refusals_incoming
    left join core.subscribers as known on refusals_incoming.subscriber_id = known.subscriber_id
    left join noted on coalesce(refusals_incoming.subscriber_id, refusals_incoming.address_key) = noted.whose
    left join wanted_elsewhere on refusals_incoming.address_key = wanted_elsewhere.address_key
),

told as (
    select
        subscriber_id,
        coalesce(address_key, known_address) as address_key,
        max(
            case
                when not ends_a_yes and noted_at is not null then coalesce(refused_at, noted_at)
                when refused_at is null then $landed_at::timestamptz
                when consented_at > refused_at then refused_at
                when ends_a_yes and refused_at <= known_at then $landed_at::timestamptz
                when wanted_at >= refused_at then $landed_at::timestamptz
                else refused_at
            end
        ) as refused_at
    from compared
    group by all
)

select
    told.subscriber_id,
    told.address_key,
    told.refused_at,
    $at::timestamptz as learned_at,
    $run as landed_run
from told
where
    coalesce(told.subscriber_id, told.address_key) is not null
    and not exists (
        select 1
        from core.refusals as before
        where
            before.subscriber_id is not distinct from told.subscriber_id
            and before.address_key is not distinct from told.address_key
            and before.refused_at >= told.refused_at
    );
