-- name: replaced_facts_insert
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: Keeps the facts of the run before of people who are computed (temporary table fact_changes), unless they are kept already.
insert into segment.replaced_facts by name
select facts.*
from segment.facts as facts
semi join temp.fact_changes as changes on facts.subscriber_id = changes.subscriber_id
anti join segment.replaced_people as people on facts.subscriber_id = people.subscriber_id;
