-- name: person_sends
-- owner: analytics
-- grain: one row per message to one subscriber
-- params: subscriber
-- purpose: All messages that plans selected one subscriber for, with what happened, newest first. The bucket is
--          that of marts.sends (include/sql/analyze/sends.sql): it spares reading the ids of everybody else.
select
    campaign,
    occurrence,
    campaign || ' ' || occurrence as label,
    variant,
    state,
    reason,
    planned_at,
    sent_at,
    delivered_at,
    first_human_open_at,
    first_human_click_at,
    unsubscribed_at,
    complained_at,
    bounced_at,
    bounce_class
from marts.sends
where
    subscriber_bucket = (md5_number($subscriber) & 65535)::usmallint
    and subscriber_id = $subscriber
order by sends.planned_at desc, campaign asc
limit 500;
