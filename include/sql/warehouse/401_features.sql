-- name: 401_features
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The columns that segments select by, as of the last run.
create or replace view segment.features as
select * exclude (is_previous)
from segment.features_of_runs
where not is_previous;
