-- name: unseen_delete_seen_activities
-- owner: data
-- grain: one row per activity whose deletion is held
-- params: files
-- purpose: After an incremental pass: cancel the held deletion of each activity in it.
delete from core.unseen
where
    relation = 'activities'
    and exists (
        from read_parquet($files) as landed
        where landed.activity_id = core.unseen.source_key
    );
