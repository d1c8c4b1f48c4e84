-- name: suppressions_to_lift
-- owner: data
-- grain: one row per address and reason
-- params: at
-- purpose: Suppressions from ingest (view source_suppressions) that no longer apply: the address belongs or belonged to a
--          subscriber who may be mailed, and its current subscriber, if any, may be mailed. For address_given_up the current
--          subscriber must exist. Tracking is covered by tracking_changes.
select
    holdings.address_key,
    suppressed.reason
from core.holdings
inner join source_suppressions as suppressed on holdings.address_key = suppressed.address_key
inner join people_as_of($at) as person on holdings.subscriber_id = person.subscriber_id
where
    suppressed.reason <> 'untracked_at_source'
    and (holdings.is_current or person.withheld_for is null)
group by holdings.address_key, suppressed.reason
having
    bool_or(holdings.is_current and person.withheld_for is null)
    or (
        suppressed.reason <> 'address_given_up'
        and bool_or(person.withheld_for is null)
        and not bool_or(holdings.is_current and person.withheld_for is not null)
    )
order by all;
