-- name: categories
-- owner: data
-- grain: one row per campaign
-- params: since
-- purpose: The campaigns planned since $since: the categories whose statistics are fetched from SendGrid.
select distinct campaign as category
from dispatch.plans
where planned_at >= $since
order by category;
