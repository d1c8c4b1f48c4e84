-- name: breakdowns_add_up
-- owner: data
-- grain: one row per mart that breaks campaigns or segments down
-- params: none
-- purpose: The hours and reasons of campaigns add up to the people of their sends, and each segment overlaps with itself by its
--          members.
select
    'marts.campaign_reasons' as scope,
    'people of all reasons' as left_side,
    (select coalesce(sum(people), 0) from marts.campaign_reasons) as left_value,
    'people of marts.sends who are not accepted' as right_side,
    (
        select count(*) from marts.sends
        where state <> 'accepted'
    ) as right_value,
    true as must_hold
union all by name
select
    'marts.campaign_hours' as scope,
    'deliveries and first opens of all hours' as left_side,
    (select coalesce(sum(delivered + human_opens), 0) from marts.campaign_hours) as left_value,
    'those of marts.campaign_performance' as right_side,
    (select coalesce(sum(delivered + human_opens), 0) from marts.campaign_performance) as right_value,
    true as must_hold
union all by name
select
    'marts.segment_overlap' as scope,
    'people of each segment with itself' as left_side,
    (
        select coalesce(sum(people), 0) from marts.segment_overlap
        where segment = other_segment
    ) as left_value,
    'rows of segment.membership' as right_side,
    (select count(*) from segment.membership) as right_value,
    true as must_hold;
