-- name: built
-- owner: data
-- grain: one row per table
-- params: none
-- purpose: The tables that builds keep, and by which statement each was built.
select
    mart,
    statement_hash,
    as_of
from build.marts;
