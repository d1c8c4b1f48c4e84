-- name: events
-- owner: analytics
-- grain: one row per distinct event
-- params: none
-- rebuild: by message
-- purpose: Every event, human or machine, with the unsubscribes on our own pages (engagement.mail_events). Links as
--          public_links publishes them; of the user agent only the kind of device. The provider's free-text reason is excluded,
--          since it quotes addresses.
create or replace table marts.events as
select
    events.dedup_key as event_key,
    events.message_key,
    events.subscriber_id,
    events.campaign,
    events.occurrence,
    events.event,
    events.occurred_at,
    events.received_at,
    events.bounce_class,
    events.bounce_classification,
    events.smtp_status,
    links.public_url as url,
    if(events.event in ('opened', 'clicked'), device_class(events.user_agent), null) as device_class,
    events.verdict,
    events.signals,
    events.is_certain,
    events.rule_version,
    events.source
from temp.mail_events as events
left join build.public_links as links on events.url = links.url;
