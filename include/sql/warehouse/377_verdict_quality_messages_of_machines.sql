-- name: 377_verdict_quality_messages_of_machines
-- owner: data
-- grain: none
-- params: none
-- purpose: The messages of the events that a machine made, for the interval of a recall.
alter table engagement.verdict_quality add column if not exists messages_of_machines bigint;
