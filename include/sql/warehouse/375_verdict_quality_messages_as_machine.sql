-- name: 375_verdict_quality_messages_as_machine
-- owner: data
-- grain: none
-- params: none
-- purpose: The messages of the events that the rules take for a machine's, for the interval of a precision (marts.verdict_quality): the
--          clicks of one scan are one observation. Null where an older version of the code measured.
alter table engagement.verdict_quality add column if not exists messages_as_machine bigint;
