-- name: arbitration
-- owner: analytics
-- grain: one row per plan, reason and mail that people lost to
-- params: none
-- rebuild: by plan
-- purpose: Who lost to what: the people whom a plan left out because of another mail. reason: frequency_cap, they got that mail
--          shortly before; outranked, that mail was due soon and ranked higher. got_it: of these, people to whom it was accepted
--          or is in doubt. did_not: people to whom it was not sent until now; where its campaign was stopped or never ran,
--          they got neither, unless a plan of their own mail took them back (its occurrence ends in -freed1).
create or replace table marts.arbitration as
with lost as (
    select
        plan_id,
        campaign,
        occurrence,
        planned_at,
        address_key,
        reason,
        lost_to_campaign,
        lost_to_occurrence
    from temp.recorded_sends
    where state = 'capped' and lost_to_campaign is not null
),

winners as (
    select distinct
        lost_to_campaign as campaign,
        lost_to_occurrence as occurrence
    from lost
),

sent as (
    select distinct
        sends.campaign,
        sends.occurrence,
        sends.address_key
    from dispatch.sends
    semi join winners on sends.campaign = winners.campaign and sends.occurrence = winners.occurrence
    where sends.state in ('accepted', 'in_doubt')
)

select
    lost.plan_id,
    lost.campaign,
    lost.occurrence,
    lost.planned_at,
    lost.reason,
    lost.lost_to_campaign,
    lost.lost_to_occurrence,
    count(*) as people,
    count(sent.address_key) as got_it,
    count(*) - count(sent.address_key) as did_not
from lost
left join sent
    on
        lost.lost_to_campaign = sent.campaign
        and lost.lost_to_occurrence = sent.occurrence
        and lost.address_key = sent.address_key
group by all
order by lost.planned_at, lost.plan_id, lost.reason, lost.lost_to_campaign, lost.lost_to_occurrence;
