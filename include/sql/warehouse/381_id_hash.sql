-- name: 381_id_hash
-- owner: data
-- grain: a value
-- params: none
-- purpose: DuckDB's hash of an id: 64 bits that cost little to compute and half as much to group by as a text. Several ids may
--          share one, and another version of DuckDB may give others: it is never stored, and who uses it tells sharers apart.
create or replace macro id_hash(id) as hash(id);
