-- name: purchases_distributions
-- owner: data
-- grain: one row per column and value (temp table counted_values)
-- params: files
-- purpose: Count the values of the columns whose distribution is compared with earlier runs: the currency, and whether a
--          purchase is a sale, a gift or a refund. Only codes are counted.
create or replace temp table counted_values as
with coded as (
    select
        if(regexp_full_match(upper(trim(currency)), '[A-Z]{3}') is true, upper(trim(currency)), 'other') as currency,
        case
            when try_cast(amount as double) > 0 then 'sale'
            when try_cast(amount as double) < 0 then 'refund'
            when try_cast(amount as double) = 0 then 'gift'
            else 'other'
        end as kind
    from read_parquet($files)
    where unreadable is null
)

select
    if(grouping(currency) = 0, 'currency', 'kind') as column_name,
    coalesce(currency, kind) as value,
    count(*) as value_rows
from coded
group by grouping sets ((currency), (kind));
