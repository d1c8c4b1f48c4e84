-- name: activities_delete_changed
-- owner: data
-- grain: one row per changed activity
-- params: none
-- purpose: Delete changed activities, which activities_insert inserts again in the same transaction. Without a key on the
--          table this reads one column of it. Reads the temporary table incoming.
delete from core.activities
where
    activity_id in (
        select activity_id
        from incoming
        where action = 'update'
    );
