-- name: sends
-- owner: analytics
-- grain: one row per subscriber and plan
-- params: none
-- rebuild: by message
-- purpose: All subscribers that a live plan selected, with the state of the message and its times. The bucket, 16 bits of
--          the subscriber's hash, is what one person's rows are found by: comparing numbers costs an eighth of comparing texts.
create or replace table marts.sends as
select
    sends.message_key,
    sends.plan_id,
    sends.campaign,
    sends.occurrence,
    sends.subscriber_id,
    (md5_number(sends.subscriber_id) & 65535)::usmallint as subscriber_bucket,
    sends.variant,
    sends.mailbox_provider,
    sends.state,
    sends.reason,
    sends.lost_to_campaign,
    sends.lost_to_occurrence,
    sends.tracked,
    sends.planned_at,
    sends.sent_at,
    outcomes.delivered_at,
    outcomes.first_human_open_at,
    outcomes.first_human_click_at,
    outcomes.unsubscribed_at,
    outcomes.complained_at,
    outcomes.bounced_at,
    outcomes.bounce_class
from temp.recorded_sends as sends
left join temp.outcomes as outcomes on sends.message_key = outcomes.message_key;
