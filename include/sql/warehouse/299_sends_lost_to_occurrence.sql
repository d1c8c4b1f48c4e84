-- name: 299_sends_lost_to_occurrence
-- owner: dispatch
-- grain: none
-- params: none
-- purpose: The occurrence of lost_to_campaign.
alter table dispatch.sends add column if not exists lost_to_occurrence varchar;
