-- name: audience
-- owner: dispatch
-- grain: one row per selected subscriber (temp table audience, from temp table selected)
-- params: campaign, topic, confirming, occurrence, event, as_of, cap_since, hold_out_share, variants, variant_bounds, locales, restored_at
-- purpose: All selected people with the state in which the plan freezes them: suppressed before capped before held_out before
--          planned, each with its reason. people_as_of decides who may be mailed, per person (an id and all of its addresses);
--          audience_duplicates.sql runs afterwards. Variant and hold-out are drawn from the message key alone, so they are the
--          same in every run. event: null, or the trigger of the message (signup, first_purchase): then the message key contains
--          the event instead of the occurrence, so that each person gets one message in whichever run; suppressed and capped
--          people have a key with this occurrence, so that a later run can still send to them. event each_signup: the key also
--          contains the sign-up time, so that a new sign-up is sent to again. event trigger: the key contains the trigger_key of
--          temp table selected, which only the steps of journeys have. topic: null, or the topic that people can decline
--          on the preference page, under any of their addresses; the newest answer counts. confirming: the message asks people
--          to confirm their sign-up: only unconfirmed people are planned, without tracking and without a topic.
--          consent_expires_at: the sender leaves out people whose consent has ended when their chunk is sent; null where it
--          does not end, and for mail that asks for confirmation. lost_to_campaign, lost_to_occurrence: of people within the
--          frequency cap, the mail that they got or get instead. send_hour: audience_send_hours.sql runs afterwards.
--          restored_at: null, or when this installation was restored from a backup: mail of a sign-up or first purchase
--          of before may have been sent since the backup (before_restore). A time that is unknown counts as before.
create or replace temp table audience as
with chosen as (
    select
        subscriber_id,
        trigger_key
    from (
        select * from selected
        union all by name
        select null::varchar as trigger_key
        where false
    ) as rows_with_key
),

keyed as (
    select
        subscriber.*,
        feature.days_since_engagement,
        $restored_at is not null
        and $event in ('signup', 'each_signup', 'first_purchase')
        and not coalesce(
            if($event = 'first_purchase', feature.first_purchased_at, subscriber.signed_up_at) > $restored_at::timestamptz,
            false
        ) as is_of_before,
        message_key(
            $campaign,
            case $event
                when 'each_signup' then concat('each_signup ', epoch_us(subscriber.signed_up_at))
                when 'trigger' then concat('trigger ', chosen.trigger_key)
                else coalesce($event, $occurrence)
            end,
            subscriber.subscriber_id
        ) as message_key
    from chosen
    inner join people_as_of($as_of) as subscriber using (subscriber_id)
    left join segment.features as feature using (subscriber_id)
),

news as (
    select *
    from keyed
    where
        not exists (
            select 1
            from dispatch.sends as sent
            where
                $event is not null
                and sent.campaign = $campaign
                and sent.message_key = keyed.message_key
        )
),

declined as (
    select subscriber_id
    from core.declined_topics
    where topic = $topic
),

verified as (
    select
        news.* exclude (tracking_consent),
        news.tracking_consent and not $confirming as tracking_consent,
        case
            when
                $confirming
                and news.withheld_for in (
                    'deleted_at_source', 'unsubscribed_at_source', 'unsubscribe', 'spam_complaint', 'hard_bounce',
                    'invalid_address', 'manual', 'erasure', 'row_quarantined',
                    'unseen_at_source'
                )
                then news.withheld_for
            when $confirming and news.status <> 'pending' then 'not_pending'
            when $confirming and coalesce(news.withheld_for, '') <> 'not_confirmed' then 'already_confirmed'
            when $confirming and news.is_of_before then 'before_restore'
            when $confirming then null
            when news.withheld_for is not null then news.withheld_for
            when declined.subscriber_id is not null then 'topic_declined'
            when news.is_of_before then 'before_restore'
        end as suppressed_for,
        recent.address_key is not null as is_capped,
        recent.plan_id as capped_by,
        case
            when $hold_out_share > 0
                then hash64(concat(news.message_key, ':hold_out')) % 10000 < $hold_out_share
            else false
        end as is_held_out,
        case
            when len($variants::varchar[]) > 1
                then (hash64(concat(news.message_key, ':variant')) % 10000)::integer
            else 0
        end as variant_draw
    from news
    left join declined on news.subscriber_id = declined.subscriber_id
    left join (
        select
            address_key,
            max_by(plan_id, coalesce(sent_at, planned_at)) as plan_id
        from dispatch.sends
        where
            coalesce(sent_at, planned_at) > $cap_since
            and state in ('pending', 'accepted', 'in_doubt')
        group by address_key
    ) as recent
        on news.address_key = recent.address_key
),

spoken as (
    select
        locale,
        coalesce(
            list_extract(list_filter($locales::varchar[], lambda offered: lower(offered) = lower(locale)), 1),
            list_extract(
                list_filter(
                    $locales::varchar[],
                    lambda offered: lower(split_part(offered, '-', 1)) = lower(split_part(locale, '-', 1))
                ),
                1
            ),
            list_extract($locales::varchar[], 1)
        ) as offered
    from (select distinct locale from core.subscribers) as locales
)

select
    case
        when $event is not null and (judged.suppressed_for is not null or judged.is_capped)
            then message_key($campaign, $occurrence, judged.subscriber_id)
        else judged.message_key
    end::uuid as message_key,
    judged.subscriber_id,
    hash(judged.address_key) as address_hash,
    judged.mailbox_provider,
    judged.timezone,
    spoken.offered as locale,
    judged.tracking_consent,
    if(judged.suppressed_for is null and not $confirming, judged.consent_expires_at, null) as consent_expires_at,
    case
        when judged.suppressed_for is not null then 'suppressed'
        when judged.is_capped then 'capped'
        when judged.is_held_out then 'held_out'
        else 'planned'
    end::enum('planned', 'suppressed', 'capped', 'held_out') as state,
    case
        when judged.suppressed_for is not null then judged.suppressed_for
        when judged.is_capped then 'frequency_cap'
        when judged.is_held_out then 'hold_out'
    end as reason,
    if(judged.suppressed_for is null, capping.campaign, null) as lost_to_campaign,
    if(judged.suppressed_for is null, capping.occurrence, null) as lost_to_occurrence,
    list_extract(
        $variants::varchar[], 1 + len(list_filter($variant_bounds::integer[], lambda bound: bound <= judged.variant_draw))
    ) as variant,
    coalesce(judged.days_since_engagement, 100000)::integer as engaged_days_ago,
    null::tinyint as send_hour
from verified as judged
inner join spoken on judged.locale is not distinct from spoken.locale
left join dispatch.plans as capping on judged.capped_by = capping.plan_id;
