-- name: purchases_row_metrics
-- owner: data
-- grain: one row per landed row
-- params: files, now
-- purpose: The metrics that the suite data_quality/purchases.py checks: numbers, flags and short codes for each row.
with landed as (
    select
        *,
        epoch(source_time(purchased_at)) as purchased_second,
        concat_ws(' ', purchase_id, subscriber_id, purchased_at, amount, currency, items) as all_text
    from read_parquet($files)
    where unreadable is null
)

select
    row_number,
    length(purchase_id) as purchase_id_length,
    length(subscriber_id) as id_length,
    regexp_matches(subscriber_id, '[@\s]') as id_has_at_or_space,
    purchased_second is not null as purchased_at_reads,
    floor((epoch($now::timestamptz) - purchased_second) / 86400)::bigint as days_since_purchase,
    try_cast(amount as decimal(18, 2)) is not null as amount_reads,
    regexp_full_match(upper(trim(currency)), '[A-Z]{3}') is true as currency_is_a_code,
    if(items is null, null, coalesce(try_cast(items as integer), -1)) as items,
    regexp_matches(all_text, '[\x{00}-\x{1F}\x{7F}-\x{9F}\x{2028}\x{2029}]') as has_control_character,
    contains(all_text, chr(65533)) as has_undecodable_text
from landed;
