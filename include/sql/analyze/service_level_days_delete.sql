-- name: service_level_days_delete
-- owner: analytics
-- grain: none
-- params: as_of, since
-- purpose: Delete the days that are counted again: those from since on, of sums only the day of as_of, since sums are
--          checked once, when the marts are built.
delete from core.service_level_days
where
    day >= $since::date
    and (objective <> 'sums_hold' or day = utc_day($as_of::timestamptz));
