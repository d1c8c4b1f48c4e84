-- name: events
-- owner: analytics
-- grain: one row a distinct event
-- params: none
-- purpose: What people and machines did, event by event. Of a link only what stands before its query, and not the token of an
--          unsubscribe or preference page: whoever reads this file must not be able to act for a person. The provider's
--          free-text reason is left out, since it quotes addresses.
create or replace table marts.events as
select
    dedup_key as event_key,
    message_key,
    subscriber_id,
    campaign,
    occurrence,
    event,
    occurred_at,
    received_at,
    bounce_class,
    bounce_classification,
    smtp_status,
    regexp_replace(split_part(split_part(url, '?', 1), '#', 1), '/(u|preferences|confirm)/[^/]+', '/\1/-') as url,
    verdict,
    signals,
    rule_version
from engagement.events;
