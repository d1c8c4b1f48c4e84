-- question: What does a recipient of each segment spend in the 14 days after a mail?
-- reading:  It is what they spend, not what the mail caused; compare revenue_per_held_out, and see incrementality.
select segment, sum(recipients) as recipients, sum(revenue) as revenue,
    sum(revenue)::double / nullif(sum(recipients), 0) as revenue_per_recipient,
    sum(held_out_revenue)::double / nullif(sum(held_out), 0) as revenue_per_held_out
from marts.campaign_revenue
group by segment
order by revenue_per_recipient desc nulls last;
