-- name: subscribers_honour_refusals
-- owner: data
-- grain: one row a subscriber who refused
-- params: run, at
-- purpose: A row may be refused for a broken time zone and still say that its person has unsubscribed. That is believed at once:
--          a refusal is never lost over a formality. All else of the row waits until it is mended.
update core.subscribers
set status = 'unsubscribed'
where
    status <> 'unsubscribed'
    and subscriber_id in (
        select source_key
        from quality.quarantine
        where
            landed_run = $run
            and relation = 'subscribers'
            and lower(trim(raw_row ->> 'status')) = 'unsubscribed'
            and not list_contains(reasons, 'duplicate_id')
            and coalesce(source_time(raw_row ->> 'updated_at'), $at::timestamptz) >= core.subscribers.updated_at
    )
