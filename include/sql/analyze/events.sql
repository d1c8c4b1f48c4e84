-- name: events
-- owner: analytics
-- grain: one row per distinct event
-- params: none
-- purpose: Every event, human or machine. Of a link only the part before its query is shown, without the token of an
--          unsubscribe or preference page: a reader of this file must not be able to act for a recipient. The provider's
--          free-text reason is excluded, since it quotes addresses.
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
