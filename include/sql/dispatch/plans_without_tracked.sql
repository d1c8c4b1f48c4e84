-- name: plans_without_tracked
-- owner: dispatch
-- grain: one row per plan
-- params: none
-- purpose: Plans that were recorded before it was recorded who was tracked.
select distinct plan_id
from dispatch.sends
where chunk is not null and tracked is null;
