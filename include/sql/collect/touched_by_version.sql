-- name: touched_by_version
-- owner: data
-- grain: one row a message
-- params: rule_version, messages
-- purpose: Messages that were judged under other rules than today's, some at a time.
create or replace temp table touched as
select distinct message_key
from engagement.events
where
    event in ('opened', 'clicked', 'unsubscribed', 'group_unsubscribed')
    and rule_version is distinct from $rule_version
order by message_key
limit $messages;
