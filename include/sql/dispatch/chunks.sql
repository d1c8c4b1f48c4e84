-- name: chunks
-- owner: dispatch
-- grain: one row per chunk, in the order of people.sql
-- params: chunk_size
-- purpose: Cuts the groups (temp table mail_groups) into chunks. Within a group the most engaged people come first; chunks are
--          numbered by the tier of their first person: engaged in the last 30 days, in the last 90, the rest. View send_times:
--          when each variant, time zone and own hour may arrive; empty if at any time.
with sliced as (
    select
        mail_groups.*,
        unnest(range(0, people, $chunk_size))::integer as first_place
    from mail_groups
),

tiered as (
    select
        *,
        case when first_place < recent then 0 when first_place < warm then 1 else 2 end as tier
    from sliced
)

select
    (row_number() over (order by tiered.tier, tiered.mail_group, tiered.first_place) - 1)::integer as chunk,
    tiered.mail_group,
    least($chunk_size, tiered.people - tiered.first_place)::integer as recipients,
    concat(tiered.variant, '.', tiered.locale, '.', if(tiered.tracking_consent, 'tracked', 'untracked')) as content,
    tiered.variant,
    tiered.mailbox_provider as provider,
    tiered.zone,
    send_time.send_at,
    send_time.not_after
from tiered
left join send_times as send_time
    on tiered.variant = send_time.variant and tiered.zone = send_time.zone and tiered.own_hour = send_time.own_hour
order by tiered.mail_group, tiered.first_place;
