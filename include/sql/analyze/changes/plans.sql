-- name: plans
-- owner: data
-- grain: one row per changed plan
-- params: none
-- purpose: The plans that were recorded again, and those that lost people to them: marts.arbitration says whether these people got the
--          other mail.
with recorded as (
    select distinct plan_id
    from build.changes
    where plan_id is not null
),

mails as (
    select distinct
        sends.campaign,
        sends.occurrence
    from dispatch.sends
    semi join recorded on sends.plan_id = recorded.plan_id
    union
    select distinct
        states.campaign,
        states.occurrence
    from build.plan_states as states
    semi join recorded on states.plan_id = recorded.plan_id
)

select plan_id
from recorded
union
select arbitration.plan_id
from marts.arbitration
semi join mails on arbitration.lost_to_campaign = mails.campaign and arbitration.lost_to_occurrence = mails.occurrence;
