-- question: What came of the latest campaigns?
-- reading:  Opens and clicks are people; the rates are over delivered_tracked, the messages whose opens and clicks can be seen.
select campaign, occurrence, selected, accepted, delivered, human_opens, human_open_rate, human_clicks, human_click_rate, unsubscribes, complaints, cost
from marts.campaign_performance
order by planned_at desc
limit 10;
