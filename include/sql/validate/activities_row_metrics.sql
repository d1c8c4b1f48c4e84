-- name: activities_row_metrics
-- owner: data
-- grain: one row per landed row
-- params: files, now
-- purpose: The metrics that the suite data_quality/activities.py checks: numbers, flags and short codes for each row. A name
--          is a label, not a sentence and not an address: letters, digits, spaces and _ . : / -, at most 64 characters.
with landed as (
    select
        *,
        epoch(source_time(happened_at)) as happened_second,
        concat_ws(' ', activity_id, subscriber_id, name, happened_at) as all_text
    from read_parquet($files)
    where unreadable is null
)

select
    row_number,
    length(activity_id) as activity_id_length,
    length(subscriber_id) as id_length,
    regexp_matches(subscriber_id, '[@\s]') as id_has_at_or_space,
    regexp_full_match(trim(name), '[\pL\pN][\pL\pN _.:/-]{0,63}') is true as name_is_a_label,
    happened_second is not null as happened_at_reads,
    floor((epoch($now::timestamptz) - happened_second) / 86400)::bigint as days_since_activity,
    if(
        properties is null, null, if(json_valid(properties), json_type(try_cast(properties as json)), 'none')
    ) as properties_type,
    length(properties) as properties_length,
    regexp_matches(all_text, '[\x{00}-\x{1F}\x{7F}-\x{9F}\x{2028}\x{2029}]') as has_control_character,
    contains(concat_ws(' ', all_text, properties), chr(65533)) as has_undecodable_text
from landed;
