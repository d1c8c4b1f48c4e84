-- name: frequency_fatigue
-- owner: analytics
-- grain: one row per month of sending and number of mails in the 30 days before
-- params: none
-- purpose: Whether people who get more mail engage less: each accepted message by how many other messages the same person got in
--          the 30 days (720 hours) before it; 30 stands for 30 and more. It shows a relation and no cause: who is mailed more
--          often is chosen.
create or replace table marts.frequency_fatigue as
select
    * rename (messages as accepted),
    human_opens / nullif(delivered_tracked, 0) as human_open_rate,
    human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    unsubscribes / nullif(delivered, 0) as unsubscribe_rate,
    complaints / nullif(delivered, 0) as complaint_rate
from build.frequency_counts
order by month, mails_before;
