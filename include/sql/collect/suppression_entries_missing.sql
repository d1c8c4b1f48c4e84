-- name: suppression_entries_missing
-- owner: data
-- grain: one row per list and address that the other side lacks
-- params: none
-- purpose: The entries that must be imported, or exported where the list is ledger.
select
    list,
    address_key,
    reason,
    happened_at
from suppression_entries
where state = 'missing'
order by list, address_key;
