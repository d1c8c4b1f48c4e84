-- name: activities_delete_expired
-- owner: data
-- grain: one row per activity
-- params: before
-- purpose: Delete the activities from before a time that were posted. Those that the source has leave with its next full
--          pass, which would bring them back until then.
delete from core.activities
where happened_at < $before::timestamptz and received_at is not null;
