-- name: row_quarantined_count
-- owner: data
-- grain: one row
-- params: run
-- purpose: How many subscribers the quarantined rows of a run suppress, and how many subscribers are live.
select
    (
        select count(distinct subscriber_id)
        from core.held_back
        where landed_run = $run
    ) as suppressed,
    (
        select count(*)
        from core.subscribers
        where deleted_at is null
    ) as live;
