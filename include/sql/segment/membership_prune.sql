-- name: membership_prune
-- owner: data
-- grain: none
-- params: keep_runs
-- purpose: Keep the membership of the last runs only; the sizes of all runs stay.
delete from segment.membership
where segment_run not in (select segment_run from segment.runs order by built_at desc, segment_run limit $keep_runs);
