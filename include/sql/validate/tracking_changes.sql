-- name: tracking_changes
-- owner: data
-- grain: one row an address
-- params: files
-- purpose: Whose mail in frozen plans may no longer be tracked by what the source says, of those in the requests of the view
--          tracked_chunks (file, chunk) that are yet to be made; and which addresses that were told so (view source_suppressions)
--          may be tracked again. Under the address of the plan. files: the audiences of the plans. What people say on our pages
--          the sender reads itself.
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
    ) as told on holdings.address_key = told.address_key
)

select
    planned.address_key,
    bool_and(coalesce(person.tracking_consent, false)) as is_tracked
from planned
inner join core.subscribers as person on planned.subscriber_id = person.subscriber_id
group by planned.address_key
having not is_tracked or bool_or(planned.is_suppressed)
order by all;
