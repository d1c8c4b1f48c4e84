-- name: list_health_delete
-- owner: analytics
-- grain: none
-- params: as_of
-- purpose: Delete the day of as_of, before it is inserted again.
delete from marts.list_health
where day = utc_day($as_of::timestamptz);
