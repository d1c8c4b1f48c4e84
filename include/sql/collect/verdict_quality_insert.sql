-- name: verdict_quality_insert
-- owner: data
-- grain: one row per event
-- params: rule_version, measured_at
-- purpose: Counts the opens and clicks in the Arrow table ground_truth (sg_event_id, is_machine) by what made them and by their
--          verdict. A click on the person's own link (own_link) counts as that of a person. Also counts the messages,
--          because a gateway's clicks in one message are found or missed together.
insert into engagement.verdict_quality by name
select
    $rule_version as rule_version,
    events.event,
    $measured_at as measured_at,
    count(*) filter (where ground_truth.is_machine and events.verdict = 'machine') as machine_as_machine,
    count(*) filter (where ground_truth.is_machine and events.verdict <> 'machine') as machine_as_human,
    count(*) filter (where not ground_truth.is_machine and events.verdict = 'machine') as human_as_machine,
    count(*) filter (where not ground_truth.is_machine and events.verdict <> 'machine') as human_as_human,
    count(distinct events.message_key) filter (where events.verdict = 'machine') as messages_as_machine,
    count(distinct events.message_key) filter (where events.verdict <> 'machine') as messages_as_human,
    count(distinct events.message_key) filter (where ground_truth.is_machine) as messages_of_machines,
    count(distinct events.message_key) filter (where not ground_truth.is_machine) as messages_of_people
from engagement.events
inner join ground_truth on events.sg_event_id = ground_truth.sg_event_id
where events.event in ('opened', 'clicked') and events.rule_version = $rule_version
group by events.event;
