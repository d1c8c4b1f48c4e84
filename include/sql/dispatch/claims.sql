-- name: claims
-- owner: dispatch
-- grain: one row per address that a due run of a campaign claims (temp table claims)
-- params: none
-- purpose: An empty table of claims. place is the run's place in the order of rank, 0 for the highest.
create or replace temp table claims (
    place integer not null,
    campaign varchar not null,
    occurrence varchar not null,
    address_key varchar not null
);
