-- name: selected_by_entry
-- owner: dispatch
-- grain: one row per person who is due at a mail step (temp table selected)
-- params: none
-- purpose: The people of the view people_due, each once: of several triggers of one person the earliest; the others are due at
--          the next run.
create or replace temp table selected as
select
    subscriber_id,
    trigger_key,
    entry_id
from people_due
qualify row_number() over (partition by subscriber_id order by triggered_at asc, entry_id asc) = 1;
