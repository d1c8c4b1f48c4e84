-- name: 397_quintile
-- owner: data
-- grain: a value
-- params: none
-- purpose: The score from 1 to 5 of a value by the bounds of a scale; null for no value. A bound that is null is above every value.
create or replace macro quintile(number, bound_2, bound_3, bound_4, bound_5) as (
    if(
        number is null,
        null,
        1 + coalesce(number > bound_2, false)::tinyint + coalesce(number > bound_3, false)::tinyint
        + coalesce(number > bound_4, false)::tinyint + coalesce(number > bound_5, false)::tinyint
    )::tinyint
);
