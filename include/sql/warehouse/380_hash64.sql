-- name: 380_hash64
-- owner: data
-- grain: a value
-- params: none
-- purpose: 64 bits of the MD5 of a text as a number, the same in every version of DuckDB, for draws. Equal to
--          md5_number_lower(text), a macro of DuckDB that writes the number as 128 binary digits and reads half of them, which
--          takes four times as long as the MD5 itself.
create or replace macro hash64(hashed) as ((md5_number(hashed) >> 64)::ubigint);
