-- name: calendar_audience
-- owner: analytics
-- grain: one row
-- params: any_of, all_of, none_of
-- purpose: How many people are in a combination of segments by their newest runs: in at least one of any_of (unless that is
--          empty), in each of all_of, and in none of none_of. For campaigns that were never planned.
with members as (
    select subscriber_id
    from marts.segment_history
    where
        left_at is null
        and list_contains(list_concat($any_of::varchar[], $all_of::varchar[], $none_of::varchar[]), segment)
    group by subscriber_id
    having
        (len($any_of::varchar[]) = 0 or count(*) filter (where list_contains($any_of::varchar[], segment)) > 0)
        and count(*) filter (where list_contains($all_of::varchar[], segment)) = len(list_distinct($all_of::varchar[]))
        and count(*) filter (where list_contains($none_of::varchar[], segment)) = 0
)

select count(*) as people from members;
