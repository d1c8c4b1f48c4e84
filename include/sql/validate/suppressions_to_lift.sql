-- name: suppressions_to_lift
-- owner: data
-- grain: one row an address a reason
-- params: at
-- purpose: Which addresses that the source had told the ledger to leave alone (view source_suppressions) may be mailed again, of which
--          reasons: somebody who may be mailed has or had them, and nobody has them now who may not. One that was given up must
--          be had now by somebody who may be mailed. Tracking is not asked here.
select
    holdings.address_key,
    told.reason
from core.holdings
inner join source_suppressions as told on holdings.address_key = told.address_key
inner join people_as_of($at) as person on holdings.subscriber_id = person.subscriber_id
where
    told.reason <> 'untracked_at_source'
    and (holdings.is_current or person.withheld_for is null)
group by holdings.address_key, told.reason
having
    bool_or(holdings.is_current and person.withheld_for is null)
    or (
        told.reason <> 'address_given_up'
        and bool_or(person.withheld_for is null)
        and not bool_or(holdings.is_current and person.withheld_for is not null)
    )
order by all;
