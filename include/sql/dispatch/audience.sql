-- name: audience
-- owner: dispatch
-- grain: one row a selected subscriber (temp table audience, from temp table selected)
-- params: campaign, topic, confirming, occurrence, event, as_of, cap_since, hold_out_share, variants, variant_bounds, locales
-- purpose: Everybody who was selected, with the state in which the plan freezes them: suppressed beats capped beats held_out
--          beats planned, each with its reason. Precedence of the reasons: who left or complained (under any of the address's
--          rows), before consent; audience_duplicates.sql comes after. Draws (variant, hold-out) hang on the message key alone,
--          so they are the same in any run. event: null, or what triggers the mail (signup, first_purchase): then the key holds
--          the event in the place of the occurrence, once a person whichever run picks it up; who was not sent to (suppressed,
--          capped) keeps a key of this occurrence, so that a later run may still welcome them. topic: null, or the kind of mail
--          that people may decline on the preference page; who withdrew consent to tracking there is not tracked, whatever the
--          source says. Who confirmed by double opt-in, or said there that they want mail, has given consent that is proved,
--          though the source may still call them pending. event each_signup: the key holds the time of the sign-up as well, so
--          that who signs up again is asked again. confirming: the mail asks people to confirm their sign-up, so it goes to
--          those who have yet to and to nobody else, and tracks nobody.
create or replace temp table audience as
with keyed as (
    select
        subscriber.*,
        feature.days_since_engagement,
        message_key(
            $campaign,
            if(
                $event = 'each_signup',
                concat('each_signup ', epoch_us(subscriber.signed_up_at)),
                coalesce($event, $occurrence)
            ),
            subscriber.subscriber_id
        ) as event_key
    from selected
    inner join core.subscribers as subscriber using (subscriber_id)
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
                and sent.message_key = keyed.event_key
        )
),

verified as (
    select
        news.* exclude (tracking_consent),
        news.tracking_consent and untracked.address_key is null and not $confirming as tracking_consent,
        case
            when news.deleted_at is not null then 'deleted_at_source'
            when departed.address_key is not null then 'unsubscribed_at_source'
            when suppression.address_key is not null then suppression.reason
            when $confirming and news.status <> 'pending' then 'not_pending'
            when $confirming and confirmed.address_key is not null then 'already_confirmed'
            when $confirming then null
            when news.status not in ('subscribed', 'pending') then 'not_confirmed'
            when news.status = 'pending' and confirmed.address_key is null then 'not_confirmed'
            when news.lawful_basis is null and confirmed.address_key is null then 'no_lawful_basis'
            when
                (news.consented_at is null or news.consented_at > $as_of) and confirmed.address_key is null
                then 'no_proof_of_consent'
            when news.consent_expires_at <= $as_of then 'consent_expired'
            when declined.address_key is not null then 'topic_declined'
        end as suppressed_for,
        recent.address_key is not null as is_capped,
        case
            when $hold_out_share > 0
                then md5_number_lower(concat(news.event_key, ':hold_out')) % 10000 < $hold_out_share
            else false
        end as is_held_out,
        case
            when len($variants::varchar[]) > 1
                then (md5_number_lower(concat(news.event_key, ':variant')) % 10000)::integer
            else 0
        end as variant_draw
    from news
    left join core.suppressions as suppression on news.address_key = suppression.address_key
    left join core.consent_answers as declined
        on news.address_key = declined.address_key and declined.topic = $topic and not declined.given
    left join core.consent_answers as confirmed
        on news.address_key = confirmed.address_key and confirmed.topic = 'marketing' and confirmed.given
    left join core.consent_answers as untracked
        on news.address_key = untracked.address_key and untracked.topic = 'tracking' and not untracked.given
    left join (
        select distinct address_key
        from core.subscribers
        where status = 'unsubscribed'
    ) as departed
        on news.address_key = departed.address_key
    left join (
        select distinct address_key
        from dispatch.sends
        where
            coalesce(sent_at, planned_at) > $cap_since
            and state in ('pending', 'accepted', 'in_doubt')
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
    from (select distinct locale from core.subscribers)
)

select
    case
        when $event is not null and (judged.suppressed_for is not null or judged.is_capped)
            then message_key($campaign, $occurrence, judged.subscriber_id)
        else judged.event_key
    end::uuid as message_key,
    judged.subscriber_id,
    hash(judged.address_key) as address_hash,
    judged.mailbox_provider,
    judged.timezone,
    spoken.offered as locale,
    judged.tracking_consent,
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
    list_extract(
        $variants::varchar[], 1 + len(list_filter($variant_bounds::integer[], lambda bound: bound <= judged.variant_draw))
    ) as variant,
    coalesce(judged.days_since_engagement, 100000)::integer as engaged_days_ago
from verified as judged
inner join spoken on judged.locale is not distinct from spoken.locale;
