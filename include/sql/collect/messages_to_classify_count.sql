-- name: messages_to_classify_count
-- owner: data
-- grain: one row
-- params: none
-- purpose: The number of messages to classify.
select count(*) as messages from messages_to_classify;
