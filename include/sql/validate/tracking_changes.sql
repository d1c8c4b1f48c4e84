-- name: tracking_changes
-- owner: data
-- grain: one row per address
-- params: files
-- purpose: Addresses in pending requests (view tracked_chunks: file, chunk) that may no longer be tracked according to the
--          source, and suppressed ones (view source_suppressions) that may be tracked again. The address is that of the
--          plan. `files` are the audiences of the plans. Answers on our pages are read by the sender.
with planned as (
    select distinct
        audience.subscriber_id,
        audience.address_key,
        false as is_suppressed
    from read_parquet($files, filename = true) as audience
    semi join tracked_chunks on audience.filename = tracked_chunks.file and audience.chunk = tracked_chunks.chunk
    where audience.state = 'planned'
    union all
    select
        holdings.subscriber_id,
        holdings.address_key,
        true as is_suppressed
    from core.holdings
    semi join (
        select address_key
        from source_suppressions
        where reason = 'untracked_at_source'
    ) as suppressed on holdings.address_key = suppressed.address_key
)

select
    planned.address_key,
    bool_and(coalesce(person.tracking_consent, false)) as is_tracked
from planned
inner join core.subscribers as person on planned.subscriber_id = person.subscriber_id
group by planned.address_key
having not is_tracked or bool_or(planned.is_suppressed)
order by all;
