-- name: 402_previous_features
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The features of the run before, with which the conditions of people who enter a segment are compared.
create or replace view segment.previous_features as
select * exclude (is_previous)
from segment.features_of_runs
where is_previous;
