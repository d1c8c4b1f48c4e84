-- name: plans_without_tracked
-- owner: dispatch
-- grain: one row per plan
-- params: none
-- purpose: Plans that were copied before column tracked was added.
select distinct plan_id
from dispatch.sends
where chunk is not null and tracked is null;
