create table marts.sends as
select
    'news' as campaign,
    'W44' as occurrence,
    timestamptz '2026-10-30 09:00:00Z' as delivered_at,
    delivered_at + to_milliseconds(waited) as first_human_open_at,
    null::timestamptz as first_human_click_at
from (
    values (6000), (6000), (6000), (6000), (6000), (6000), (6000), (6000), (6000), (7000), (7000), (7000), (8000), (8000)
) as opened (waited);
