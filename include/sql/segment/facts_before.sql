-- name: facts_before
-- owner: data
-- grain: one row per subscriber who is computed and has facts
-- params: none
-- purpose: The present facts of the people who are computed, with the number of fact_people and whether each source of theirs is
--          summed again: the run keeps them as those of the run before, and takes from them what is not summed again.
select
    facts.*,
    people.has_purchases,
    people.has_activities,
    people.has_events,
    coalesce(sharers.number, id_hash(facts.subscriber_id)) as number
from segment.facts as facts
inner join temp.fact_changes as people on facts.subscriber_id = people.subscriber_id
left join temp.sharers as sharers on facts.subscriber_id = sharers.subscriber_id;
