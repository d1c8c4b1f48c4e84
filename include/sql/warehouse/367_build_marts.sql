-- name: 367_build_marts
-- owner: data
-- grain: one row per table that is kept
-- params: none
-- purpose: The tables that builds keep up to date: the hash of the statement that built each, and the time as of which it was
--          built.
create table if not exists build.marts (
    mart varchar not null,
    statement_hash varchar not null,
    as_of timestamptz not null
);
