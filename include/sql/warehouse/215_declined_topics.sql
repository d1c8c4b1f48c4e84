-- name: 215_declined_topics
-- owner: data
-- grain: one row per subscriber and declined topic
-- params: none
-- purpose: The topics (a kind of mail, marketing, or tracking) that subscribers declined on the preference page, under any
--          address they ever had. The newest answer decides, ties go to no. An answer without a time is the newest if it is
--          a no, and the oldest if it is a yes.
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
