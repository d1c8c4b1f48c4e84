-- name: experiment_purchases
-- owner: data
-- grain: one row per campaign, occurrence, comparison and arm
-- params: none
-- purpose: The purchases of all experiments, which build.purchase_outcomes keeps.
select *
from build.purchase_outcomes
order by all;
