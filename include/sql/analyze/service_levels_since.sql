-- name: service_levels_since
-- owner: analytics
-- grain: one row
-- params: as_of
-- purpose: The first day that is counted again: events and publications of the last week can still change. A month where
--          nothing was counted yet.
select
    utc_day($as_of::timestamptz)
    - case when exists (from core.service_level_days) then 7 else 28 end as since;
