-- name: messages_to_classify_by_version
-- owner: data
-- grain: one row per message
-- params: rule_version, messages
-- purpose: Up to $messages messages that were classified under another rule version.
create or replace temp table messages_to_classify as
select distinct message_key
from engagement.events
where
    event in ('opened', 'clicked', 'unsubscribed', 'group_unsubscribed')
    and rule_version is distinct from $rule_version
order by message_key
limit $messages;
