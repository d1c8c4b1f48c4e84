-- name: sends_insert
-- owner: dispatch
-- grain: one row per selected person
-- params: plan_id, campaign, occurrence, planned_at, audience_file
-- purpose: All people that the plan selected, with the state of their chunk unless they have an individual outcome. Reads the
--          plan's audience file and two views of the ledger: chunk_spans (which rows of a root chunk are in which leaf chunk)
--          and person_outcomes. An open intent counts as in doubt. Audience files of older versions lack the columns lost_to_….
insert into dispatch.sends by name
with audience as (
    select * from read_parquet($audience_file)
    union all by name
    select
        null::varchar as lost_to_campaign,
        null::varchar as lost_to_occurrence
    where false
)

select
    audience.message_key,
    $plan_id as plan_id,
    $campaign as campaign,
    $occurrence as occurrence,
    audience.subscriber_id,
    audience.address_key,
    audience.variant,
    audience.mailbox_provider,
    case
        when audience.state <> 'planned' then audience.state
        when outcome.state is not null then outcome.state
        when span.state = 'sending' then 'in_doubt'
        else span.state
    end as state,
    case
        when audience.state <> 'planned' then audience.reason
        when outcome.state is not null then outcome.reason
        else span.reason
    end as reason,
    audience.lost_to_campaign,
    audience.lost_to_occurrence,
    span.chunk,
    ends_with(span.content, '.tracked') as tracked,
    coalesce(span.attempt, 0) as attempt,
    span.x_message_id,
    make_timestamptz(($planned_at * 1000000)::bigint) as planned_at,
    case
        when coalesce(outcome.state, span.state) in ('accepted', 'in_doubt', 'sending', 'rejected')
            then make_timestamptz((span.posted_at * 1000000)::bigint)
    end as sent_at
from audience
left join chunk_spans as span
    on audience.chunk = span.root and audience.row >= span.first and audience.row < span.stop
left join person_outcomes as outcome
    on audience.message_key = outcome.message_key;
