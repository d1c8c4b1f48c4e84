-- name: replaced_facts_insert
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: Keeps the facts of the run before of people who are computed (temporary table facts_before), unless they are kept already.
insert into segment.replaced_facts by name
select facts.* exclude (has_purchases, has_activities, has_events, number)
from temp.facts_before as facts
anti join segment.replaced_people as people on facts.subscriber_id = people.subscriber_id;
