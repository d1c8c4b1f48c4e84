-- question: How much do people spend who were held out?
-- reading:  Per person, beside those who were mailed.
select campaign, occurrence, status, recipients, revenue_per_recipient, held_out, held_out_buyers, revenue_per_held_out
from marts.campaign_revenue
where held_out > 0
order by planned_at;
