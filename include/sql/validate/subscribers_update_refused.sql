-- name: subscribers_update_refused
-- owner: data
-- grain: one row a subscriber who refused
-- params: none
-- purpose: Who refused in a batch (temporary table refusals_incoming) is unsubscribed at once, whatever the clock of the row says, unless
--          the batch holds a newer good row of theirs. All else of the row waits for the merge.
update core.subscribers
set status = 'unsubscribed'
where
    status <> 'unsubscribed'
    and subscriber_id in (
        select subscriber_id
        from refusals_incoming
        where not coalesce(newest_good_at > refused_at, false)
    );
