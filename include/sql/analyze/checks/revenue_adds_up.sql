-- name: revenue_adds_up
-- owner: analytics
-- grain: one row per sum
-- params: none
-- purpose: Every purchase is in marts.purchases; the recipients of marts.campaign_revenue are the accepted people; and attribution
--          counts each purchase that has a click before it once, in every model.
with touched as (
    select count(distinct purchase_id) as purchases
    from build.touches
)

select
    'marts.purchases' as scope,
    'rows of the mart' as left_side,
    (select count(*) from marts.purchases) as left_value,
    'rows of core.purchases' as right_side,
    (select count(*) from core.purchases) as right_value,
    true as must_hold
union all by name
select
    'marts.campaign_revenue' as scope,
    'recipients' as left_side,
    (select coalesce(sum(recipients), 0)::bigint from marts.campaign_revenue) as left_value,
    'accepted' as right_side,
    (select coalesce(sum(accepted), 0)::bigint from marts.campaign_performance) as right_value,
    true as must_hold
union all by name
select
    'marts.attribution, ' || attribution.model || ', 30 days' as scope,
    'purchases, by their weights' as left_side,
    round(sum(attribution.purchases))::bigint as left_value,
    'purchases with a click in the 30 days before' as right_side,
    any_value(touched.purchases) as right_value,
    false as must_hold
from marts.attribution as attribution
cross join touched
where attribution.window_days = 30
group by attribution.model;
