-- name: selected_freed
-- owner: dispatch
-- grain: one row per selected subscriber (temp table selected)
-- params: campaign, occurrence, due
-- purpose: Restricts temp table selected to the people whom $campaign lost, in its plan $occurrence or in one that took people
--          back since (-freed1), to a mail that then did not go to them: its plan is cancelled, or done without them, or it has
--          none and is not among $due ("campaign occurrence"), the runs that are waited for. What counts is the newest plan
--          in which a person was; who was planned in it is not free. The hold-out of a mail that was sent keeps its people.
create or replace temp table selected as
with own as (
    select
        subscriber_id,
        address_key,
        state,
        lost_to_campaign,
        lost_to_occurrence
    from dispatch.sends
    where campaign = $campaign and regexp_replace(occurrence, '-freed[1-9][0-9]*$', '') = $occurrence
    qualify
        row_number() over (
            partition by subscriber_id order by planned_at desc, len(occurrence) desc, occurrence desc
        ) = 1
),

lost as (
    select
        subscriber_id,
        address_key,
        lost_to_campaign,
        lost_to_occurrence
    from own
    where state = 'capped' and lost_to_campaign is not null
),

winners as (
    select distinct
        lost_to_campaign as campaign,
        lost_to_occurrence as occurrence
    from lost
),

mailed as (
    select
        sends.campaign,
        sends.occurrence,
        sends.address_key,
        bool_or(sends.state in ('pending', 'accepted', 'in_doubt')) as has_it,
        bool_or(sends.state = 'held_out') as is_held_out
    from dispatch.sends
    semi join winners on sends.campaign = winners.campaign and sends.occurrence = winners.occurrence
    group by sends.campaign, sends.occurrence, sends.address_key
)

select selected.subscriber_id
from selected
inner join lost on selected.subscriber_id = lost.subscriber_id
left join dispatch.plans as winner
    on lost.lost_to_campaign = winner.campaign and lost.lost_to_occurrence = winner.occurrence
left join mailed
    on
        lost.lost_to_campaign = mailed.campaign
        and lost.lost_to_occurrence = mailed.occurrence
        and lost.address_key = mailed.address_key
where
    not coalesce(mailed.has_it, false)
    and case
        when winner.plan_id is null
            then not list_contains($due::varchar[], concat(lost.lost_to_campaign, ' ', lost.lost_to_occurrence))
        when winner.state = 'cancelled' then true
        else winner.state = 'done' and not coalesce(mailed.is_held_out, false)
    end;
