-- name: 378_verdict_quality_messages_of_people
-- owner: data
-- grain: none
-- params: none
-- purpose: As 377, of the events that a person made.
alter table engagement.verdict_quality add column if not exists messages_of_people bigint;
