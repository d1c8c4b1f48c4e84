-- name: differences_over_limit
-- owner: data
-- grain: one row per campaign, day and measure
-- params: since
-- purpose: The differences over the limit that no class explains, on the days from $since on, the largest first.
with found as (
    select
        campaign,
        day,
        measure,
        unknown,
        greatest(sendgrid, events) as total
    from marts.provider_reconciliation
    where is_over_limit and day >= utc_day($since)
    union all
    select
        campaign,
        day,
        'deliveries' as measure,
        unknown,
        accepted as total
    from marts.delivery_reconciliation
    where is_over_limit and day >= utc_day($since)
)

select
    campaign,
    day,
    measure,
    unknown,
    total
from found
order by abs(unknown) desc, day desc, campaign asc, measure asc;
