-- name: features_run
-- owner: data
-- grain: one row
-- params: none
-- purpose: The time of the features, and whether a run that built only the segments of activities computed them.
select
    features.as_of,
    coalesce(bool_and(coalesce(runs.is_partial, false)), false) as is_partial
from (select max(as_of) as as_of from segment.features) as features
left join segment.runs on features.as_of = runs.as_of
group by features.as_of;
