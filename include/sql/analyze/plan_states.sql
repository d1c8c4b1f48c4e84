-- name: plan_states
-- owner: data
-- grain: one row per plan, state and reason
-- params: none
-- rebuild: by plan
-- purpose: The people of each plan by state and reason, in_chunks those who were drawn into a chunk, with the first and last
--          time of sending.
create or replace table build.plan_states as
select
    plan_id,
    campaign,
    occurrence,
    state,
    reason,
    count(*) as people,
    count(chunk) as in_chunks,
    min(sent_at) as first_sent_at,
    max(sent_at) as last_sent_at
from temp.recorded_sends
group by plan_id, campaign, occurrence, state, reason;
