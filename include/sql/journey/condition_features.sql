-- name: condition_features
-- owner: dispatch
-- grain: one row per person and trigger with features
-- params: none
-- purpose: The features of the people of the view people_due, of which a condition compares one.
select
    people_due.entry_id,
    feature.*
from people_due
inner join segment.features as feature on people_due.subscriber_id = feature.subscriber_id;
