-- question: How does engagement decay with the time since people joined?
-- reading:  Only messages whose opens and clicks can be seen.
select tenure_months, sum(delivered_tracked) as messages, sum(human_opens) / nullif(sum(delivered_tracked), 0) as open_rate,
    sum(human_clicks) / nullif(sum(delivered_tracked), 0) as click_rate, sum(unsubscribes) / nullif(sum(delivered), 0) as unsubscribe_rate
from marts.engagement_by_tenure
group by tenure_months
order by tenure_months;
