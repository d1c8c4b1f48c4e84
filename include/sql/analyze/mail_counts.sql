-- name: mail_counts
-- owner: data
-- grain: one row per accepted message
-- params: none
-- rebuild: by mail
-- purpose: How many other messages the same person got in the 30 days (720 hours) before each message.
create or replace table build.mail_counts as
select
    message_key,
    count(*) over (
        partition by subscriber_id
        order by epoch_ms(coalesce(sent_at, planned_at)) range between 2592000000 preceding and current row
    ) - 1 as mails_before
from temp.sends
where state = 'accepted';
