-- name: 406_is_listed
-- owner: data
-- grain: a value
-- params: none
-- purpose: Whether a subscriber was on the list at a moment: signed up by then (or nobody knows when), and is not deleted. Who is
--          deleted now is left out of every moment.
create or replace macro is_listed(deleted_at, signed_up_at, moment) as (
    deleted_at is null and (signed_up_at is null or signed_up_at <= moment)
);
