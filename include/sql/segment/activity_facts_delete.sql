-- name: activity_facts_delete
-- owner: data
-- grain: none
-- params: none
-- purpose: Deletes the activity facts of people whose activities are computed (temporary table fact_changes).
delete from segment.activity_facts
where
    subscriber_id in (
        select subscriber_id
        from temp.fact_changes
        where has_activities
    );
