-- name: categories
-- owner: data
-- grain: one row a campaign
-- params: since
-- purpose: The campaigns that had a plan since then: the categories to ask SendGrid about.
select distinct campaign as category
from dispatch.plans
where planned_at >= $since
order by category;
