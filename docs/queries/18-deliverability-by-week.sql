-- question: Is deliverability at a provider getting worse?
-- reading:  By week of sending.
select date_trunc('week', day)::date as week, mailbox_provider, sum(accepted) as accepted, sum(delivered) / nullif(sum(accepted), 0) as delivery_rate,
    sum(bounced_hard) / nullif(sum(accepted), 0) as hard_bounce_rate, sum(complaints) / nullif(sum(delivered), 0) as complaint_rate
from marts.deliverability_daily
group by all
order by week, mailbox_provider;
