-- question: What is the click-to-open rate at each mailbox provider?
-- reading:  People with both, over people who opened.
select mailbox_provider, sum(human_opens) as opens, sum(opened_and_clicked) / nullif(sum(human_opens), 0) as click_to_open_rate
from marts.deliverability_daily
group by mailbox_provider
order by click_to_open_rate desc nulls last;
