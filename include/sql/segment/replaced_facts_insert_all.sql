-- name: replaced_facts_insert_all
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: Keeps the facts of the run before of everybody of whom they are not kept already, before everybody is computed.
insert into segment.replaced_facts by name
select facts.*
from segment.facts as facts
anti join segment.replaced_people as people on facts.subscriber_id = people.subscriber_id;
