-- name: 296_segment_members_on
-- owner: data
-- grain: one row per member
-- params: none
-- purpose: Who was in a segment at the end of a day (UTC): members_on('vip_customers', date '2026-11-24').
create or replace macro segment.members_on(segment_name, day) as table
    select spells.subscriber_id
    from segment.spells as spells
    where
        spells.segment = segment_name
        and utc_day(spells.entered_at) <= day::date
        and (spells.left_at is null or utc_day(spells.left_at) > day::date);
