-- name: person_months
-- owner: data
-- grain: one row per person and month of sending in which they were sent mail
-- params: none
-- rebuild: by person month
-- purpose: Whether a person was reached, opened and clicked in the mail of a month (UTC), for marts.cohort_retention.
create or replace table build.person_months as
select
    subscriber_id,
    date_trunc('month', utc_day(sent_at))::date as month,
    bool_or(delivered_at is not null and coalesce(tracked, false)) as was_reached,
    bool_or(first_human_open_at is not null) as has_opened,
    bool_or(first_human_click_at is not null) as has_clicked
from temp.sends
where state = 'accepted' and sent_at is not null
group by all;
