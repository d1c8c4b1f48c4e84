-- name: 308_segment_members_in
-- owner: data
-- grain: one row per segment and member
-- params: none
-- purpose: The members of segments as one run froze them: members_in('run', ['engaged', 'vip_customers']). No row for a segment
--          that the run did not build.
create or replace macro segment.members_in(run_name, segment_names) as table
    select
        members.segment,
        members.subscriber_id
    from
        segment.members_when(
            segment_names,
            (
                select runs.as_of from segment.runs
                where runs.segment_run = run_name
            ),
            (
                select runs.built_at from segment.runs
                where runs.segment_run = run_name
            )
        ) as members
    semi join (
        select sizes.segment
        from segment.sizes
        where sizes.segment_run = run_name
    ) as built
        on members.segment = built.segment;
