-- name: 220_people_as_of
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: All subscribers with withheld_for, the reason why they may not be mailed as of a moment (null where they may),
--          and whether they may be tracked. No other statement decides who may be mailed. The newest answer decides, ties go
--          to no: a refusal at the source ends by consent that was given later, or by a confirmation after it landed; an
--          unsubscribe by one-click or a complaint ends only by a confirmation of the subscriber (double opt-in, or the
--          preference page), which the ledger has either lifted or which is newer here. consent_expires_at is when consent
--          ends. Implied consent for which the source names no end ends six months after consented_at, or two years after
--          the last purchase if that is later (CASL, section 10(9) to (14)); a confirmation is express consent instead.
--          A pause ends by itself after 720 hours, which are 30 days in every time zone, and is the reason only where no
--          other applies.
create or replace macro people_as_of(as_of) as table
    with last_purchase as (
        select
            subscriber_id,
            max(purchased_at) as purchased_at
        from core.purchases
        where
            amount >= 0
            and purchased_at <= as_of
            and subscriber_id in (
                select subscriber_id
                from core.subscribers
                where consent_expires_at is null and is_implied_consent(lawful_basis)
            )
        group by subscriber_id
    ),

    known as (
        select
            subscriber.* exclude (consent_expires_at),
            standing.refused_at,
            standing.refusal_learned_at,
            standing.left_at,
            standing.left_for,
            standing.bounced_for,
            standing.barred_for,
            standing.declined_at,
            coalesce(standing.is_held, false) as is_held,
            unseen.source_key is not null as is_unseen,
            standing.untracked_at is not null
            and not coalesce(standing.tracked_at > standing.untracked_at, false) as is_untracked,
            coalesce(standing.paused_at > as_of::timestamptz - interval 720 hours, false)
            and not coalesce(standing.unpaused_at > standing.paused_at, false) as is_paused,
            standing.confirmed_at is not null
            and not coalesce(
                standing.confirmed_at <= greatest(standing.refusal_learned_at, standing.left_at, standing.declined_at),
                false
            ) as is_confirmed,
            case
                when subscriber.consent_expires_at is not null then subscriber.consent_expires_at
                when is_implied_consent(subscriber.lawful_basis) and not is_confirmed
                    then greatest(
                        subscriber.consented_at + interval 6 months, last_purchase.purchased_at + interval 2 years
                    )
            end as consent_expires_at,
            subscriber.status <> 'unsubscribed' and coalesce(subscriber.consented_at <= as_of, false) as has_consent
        from core.subscribers as subscriber
        left join core.standing on subscriber.subscriber_id = standing.subscriber_id
        left join last_purchase on subscriber.subscriber_id = last_purchase.subscriber_id
        left join core.unseen as unseen
            on subscriber.subscriber_id = unseen.source_key and unseen.relation = 'subscribers'
    )

    select
        * exclude (
            tracking_consent, refused_at, refusal_learned_at, left_at, left_for, bounced_for, barred_for, declined_at,
            is_held, is_unseen, is_untracked, is_paused, is_confirmed, has_consent
        ),
        tracking_consent and not is_untracked as tracking_consent,
        case
            when deleted_at is not null then 'deleted_at_source'
            when is_confirmed and barred_for is null and bounced_for is null and not is_held and not is_unseen
                then
                    case when consent_expires_at <= as_of then 'consent_expired' when is_paused then 'paused' end
            when
                status = 'unsubscribed' and not is_confirmed
                or (refused_at is not null and not is_confirmed and not (has_consent and consented_at > refused_at))
                then 'unsubscribed_at_source'
            when left_at is not null and not is_confirmed then left_for
            when barred_for is not null then barred_for
            when bounced_for is not null then bounced_for
            when is_held then 'row_quarantined'
            when is_unseen then 'unseen_at_source'
            when status <> 'subscribed' then 'not_confirmed'
            when lawful_basis is null then 'no_lawful_basis'
            when not has_consent then 'no_proof_of_consent'
            when declined_at is not null and not consented_at > declined_at then 'unsubscribe'
            when consent_expires_at <= as_of then 'consent_expired'
            when is_paused then 'paused'
        end as withheld_for
    from known;
