-- name: arrivals_batch
-- owner: data
-- grain: one row per element of a webhook batch
-- params: none
-- purpose: The elements of `batch_reports` (registered by include/collect/load.py, with keys in place of addresses) as
--          arrivals, with Tradewind's name for each event.
create or replace temp table arrivals as
select
    reports.*,
    names.event,
    false as reconsidered,
    null::varchar as quarantine_key
from batch_reports as reports
left join event_names as names using (event_name);
