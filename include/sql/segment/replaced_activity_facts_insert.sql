-- name: replaced_activity_facts_insert
-- owner: data
-- grain: one row per subscriber and name of an activity
-- params: none
-- purpose: Keeps the activity facts of the run before of people who are computed (temporary table fact_changes), unless they are kept already.
insert into segment.replaced_activity_facts by name
select facts.*
from segment.activity_facts as facts
semi join temp.fact_changes as changes on facts.subscriber_id = changes.subscriber_id
anti join segment.replaced_people as people on facts.subscriber_id = people.subscriber_id;
