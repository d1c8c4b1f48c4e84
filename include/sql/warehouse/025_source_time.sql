-- name: 025_source_time
-- owner: data
-- grain: a value
-- params: none
-- purpose: A time as a source writes it (text, as landed) as a timestamptz: ISO 8601 with or without a zone (none means
--          UTC), a date alone, or Unix seconds or milliseconds. Null where it cannot be parsed, as for 'infinity'.
--          The length is compared first: a pattern costs as much as the conversion.
create or replace macro source_time(value) as (
    case
        when length(value) between 9 and 10 and regexp_full_match(value, '[0-9]+')
            then make_timestamptz(try_cast(value as bigint) * 1000000)
        when length(value) between 12 and 13 and regexp_full_match(value, '[0-9]+')
            then make_timestamptz(try_cast(value as bigint) * 1000)
        when regexp_matches(value, '[0-9]') then try_cast(value as timestamptz)
    end
);
