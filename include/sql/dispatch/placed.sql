-- name: placed
-- owner: dispatch
-- grain: one row a planned message (temp table placed)
-- params: chunk_size
-- purpose: Cut the planned into chunks. People in a chunk share everything that SendGrid takes once a request (variant, locale,
--          tracking consent) and the mailbox provider, so that trouble at one provider holds back that provider alone. The engaged
--          come first: within a group by recency, and chunks by the tier of their first person.
create or replace temp table placed as
with ranked as (
    select
        *,
        concat(variant, '.', locale, '.', if(tracking_consent, 'tracked', 'untracked')) as content,
        row_number() over (
            partition by variant, locale, tracking_consent, mailbox_provider order by engaged_days_ago, message_key
        ) - 1 as place
    from audience
    where state = 'planned'
),

cut as (
    select
        content,
        mailbox_provider,
        place // $chunk_size as slice,
        case when min(engaged_days_ago) <= 30 then 0 when min(engaged_days_ago) <= 90 then 1 else 2 end as tier
    from ranked
    group by all
),

numbered as (
    select
        *,
        (row_number() over (order by tier, content, mailbox_provider, slice) - 1)::integer as chunk
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
    ranked.timezone
from ranked
inner join numbered
    on
        ranked.content = numbered.content
        and ranked.mailbox_provider = numbered.mailbox_provider
        and ranked.place // $chunk_size = numbered.slice;
