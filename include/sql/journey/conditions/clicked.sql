-- name: clicked
-- owner: marketing
-- grain: one row per click
-- params: since
-- purpose: People who clicked a link in any of our mail, other than machines and the links to unsubscribe.
select
    subscriber_id,
    occurred_at as happened_at
from engagement.events
where event = 'clicked' and verdict = 'human' and occurred_at > $since;
