-- name: returned
-- owner: data
-- grain: one row an address
-- params: at
-- purpose: Which addresses that the source had told the ledger to leave alone (view told_addresses) may be mailed again: somebody
--          who may be mailed has or had them, and nobody has them now who may not.
select holdings.address_key
from core.holdings
inner join people_as_of($at) as person on holdings.subscriber_id = person.subscriber_id
where
    holdings.address_key in (select address_key from told_addresses)
    and (holdings.is_current or person.withheld_for is null)
group by holdings.address_key
having
    bool_or(person.withheld_for is null)
    and (
        bool_or(holdings.is_current and person.withheld_for is null)
        or not bool_or(holdings.is_current and person.withheld_for is not null)
    )
order by all;
