-- name: verdicts_before
-- owner: data
-- grain: one row per classified event
-- params: none
-- purpose: The verdicts of the messages in `messages_to_classify` before they are classified again. Events that no rule has
--          seen are left out: they have no verdict that could change.
create or replace temp table verdicts_before as
select
    events.dedup_key,
    events.rule_version,
    events.verdict
from engagement.events
semi join messages_to_classify on events.message_key = messages_to_classify.message_key
where events.verdict is not null and events.rule_version is not null;
