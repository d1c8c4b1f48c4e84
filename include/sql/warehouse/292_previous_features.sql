-- name: 292_previous_features
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The features of the run before, with which the conditions of people who enter a segment are compared.
create table if not exists segment.previous_features as
select *
from segment.features
where false;
