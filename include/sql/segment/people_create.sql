-- name: people_create
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: Temporary table of the people for whom the conditions of a segment are evaluated: all who have features.
create or replace temp table people as
select subscriber_id
from segment.features;
