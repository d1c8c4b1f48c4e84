-- name: usual_send
-- owner: analytics
-- grain: one row
-- params: none
-- purpose: The mailable people on the latest day, and the price of a thousand messages in the latest campaign that had one; null
--          where it is not known.
select
    (select max_by(mailable, day) from marts.list_health) as mailable,
    (
        select max_by(1000 * cost::double / accepted, planned_at)
        from marts.campaign_performance
        where accepted > 0 and cost > 0
    ) as cost_per_thousand;
