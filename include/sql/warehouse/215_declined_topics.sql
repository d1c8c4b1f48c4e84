-- name: 215_declined_topics
-- owner: data
-- grain: one row a subscriber a topic that they declined
-- params: none
-- purpose: The topics (a kind of mail, marketing, or tracking) that people declined on the preference page, under any address
--          that they ever had. The newest answer decides, ties go to no; what has no time is newest where it is a no, and oldest
--          where it is a yes.
create or replace view core.declined_topics as
select
    holdings.subscriber_id,
    answer.topic
from core.consent_answers as answer
inner join core.holdings on answer.address_key = holdings.address_key
group by holdings.subscriber_id, answer.topic
having
    max(coalesce(answer.happened_at, 'infinity'::timestamptz)) filter (where not answer.given)
    >= coalesce(max(coalesce(answer.happened_at, '-infinity'::timestamptz)) filter (where answer.given), '-infinity');
