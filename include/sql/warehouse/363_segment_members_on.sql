-- name: 363_segment_members_on
-- owner: data
-- grain: one row per member
-- params: none
-- purpose: Who was in a segment at the end of a day (UTC): members_on('vip_customers', date '2026-11-24').
create or replace macro segment.members_on(segment_name, day) as table
    select members.subscriber_id
    from segment.members_when(
        [segment_name], timezone('UTC', day::date + interval 1 day) - interval 1 microsecond, 'infinity'
    ) as members;
