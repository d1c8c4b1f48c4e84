-- name: placed
-- owner: dispatch
-- grain: one row a planned message (temp table placed)
-- params: chunk_size
-- purpose: Cut the planned into chunks. People in a chunk share everything that SendGrid takes once a request (variant, locale,
--          tracking consent) and the mailbox provider, so that trouble at one provider holds back that provider alone. The engaged
--          come first: within a group by recency, and chunks by the tier of their first person. Where the campaign has a send window
--          (view send_times: a row a time zone), people of one zone share a chunk, since its window is theirs.
create or replace temp table placed as
with timed as (
    select
        audience.*,
        concat(
            audience.variant, '.', audience.locale, '.', if(audience.tracking_consent, 'tracked', 'untracked')
        ) as content,
        send_time.send_at,
        send_time.not_after,
        if(send_time.not_after is null, '', coalesce(audience.timezone, '')) as zone
    from audience
    left join send_times as send_time on audience.timezone is not distinct from send_time.timezone
    where audience.state = 'planned'
),

ranked as (
    select
        *,
        row_number() over (
            partition by content, mailbox_provider, zone order by engaged_days_ago, message_key
        ) - 1 as place
    from timed
),

cut as (
    select
        content,
        mailbox_provider,
        zone,
        place // $chunk_size as slice,
        case when min(engaged_days_ago) <= 30 then 0 when min(engaged_days_ago) <= 90 then 1 else 2 end as tier
    from ranked
    group by all
),

numbered as (
    select
        *,
        (row_number() over (order by tier, content, mailbox_provider, zone, slice) - 1)::integer as chunk
    from cut
)

select
    numbered.chunk,
    (ranked.place % $chunk_size)::integer as row,
    ranked.content,
    ranked.mailbox_provider,
    ranked.message_key,
    ranked.subscriber_id,
    ranked.address_key,
    ranked.zone,
    ranked.send_at,
    ranked.not_after
from ranked
inner join numbered
    on
        ranked.content = numbered.content
        and ranked.mailbox_provider = numbered.mailbox_provider
        and ranked.zone = numbered.zone
        and ranked.place // $chunk_size = numbered.slice;
