-- name: messages
-- owner: data
-- grain: one row per send
-- params: none
-- purpose: View temp.messages, of which every count of people is made: the sends with their outcomes, what is known of the
--          person, and the person's mails in the 30 days before.
select
    sends.*,
    outcomes.message_key is not null as has_events,
    outcomes.processed_at,
    outcomes.was_dropped,
    outcomes.was_deferred,
    outcomes.surely_opened,
    outcomes.maybe_opened,
    outcomes.surely_clicked,
    outcomes.maybe_clicked,
    outcomes.raw_opens,
    outcomes.raw_clicks,
    people.joined_at,
    people.timezone,
    mail_counts.mails_before
from temp.sends as sends
left join temp.outcomes as outcomes on sends.message_key = outcomes.message_key
left join temp.people as people on sends.subscriber_id = people.subscriber_id
left join temp.mails as mail_counts on sends.message_key = mail_counts.message_key;
