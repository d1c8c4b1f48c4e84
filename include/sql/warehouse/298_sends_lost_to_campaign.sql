-- name: 298_sends_lost_to_campaign
-- owner: dispatch
-- grain: none
-- params: none
-- purpose: Of people who are capped by the frequency cap or outranked: the campaign whose mail they got or get instead.
alter table dispatch.sends add column if not exists lost_to_campaign varchar;
