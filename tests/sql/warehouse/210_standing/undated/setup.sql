-- Infinite times have no form in Python: read as text.
create view answers as
select
    subscriber_id,
    left_for,
    left_at::varchar as left_at,
    confirmed_at::varchar as confirmed_at,
    declined_at::varchar as declined_at,
    tracked_at::varchar as tracked_at,
    untracked_at::varchar as untracked_at,
    paused_at::varchar as paused_at,
    unpaused_at::varchar as unpaused_at
from core.standing;
