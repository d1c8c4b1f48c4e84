-- name: built_insert
-- owner: data
-- grain: one row
-- params: mart, statement_hash, as_of
-- purpose: Records by which statement a table was built.
insert into build.marts (mart, statement_hash, as_of)
values ($mart, $statement_hash, $as_of);
