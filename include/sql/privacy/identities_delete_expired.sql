-- name: identities_delete_expired
-- owner: data
-- grain: one row per subscriber
-- params: before
-- purpose: Delete address and name of the subscribers who were deleted before a time. The row in core.subscribers stays, as do
--          former addresses, refusals and suppressions: they have keys only, and withhold mail if the person returns.
delete from core.identities
where
    subscriber_id in (
        select subscriber_id
        from core.subscribers
        where deleted_at < $before::timestamptz
    );
