-- question: What does a mail bring, by the last click within a week?
-- reading:  Revenue divided by accepted messages.
select campaign, sum(accepted) as accepted, sum(revenue) as revenue, sum(revenue)::double / nullif(sum(accepted), 0) as revenue_per_mail
from marts.attribution
where model = 'last_click' and window_days = 7
group by campaign
order by revenue_per_mail desc nulls last;
