-- name: 005_schema_engagement
-- owner: data
-- grain: none
-- params: none
-- purpose: Webhook events, deduplicated and classified.
create schema if not exists engagement;
