-- name: 376_verdict_quality_messages_as_human
-- owner: data
-- grain: none
-- params: none
-- purpose: As 375, of the events that the rules take for a person's.
alter table engagement.verdict_quality add column if not exists messages_as_human bigint;
