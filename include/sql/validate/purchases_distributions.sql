-- name: purchases_distributions
-- owner: data
-- grain: one row per column and value
-- params: files, run
-- purpose: Count the values of the columns whose distribution is compared with earlier runs: the currency, and whether a
--          purchase is a sale, a gift or a refund. Only codes are stored, at most 50 per column.
insert into quality.distributions by name
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
),

counted as (
    select
        if(grouping(currency) = 0, 'currency', 'kind') as column_name,
        coalesce(currency, kind) as value,
        count(*) as value_rows
    from coded
    group by grouping sets ((currency), (kind))
)

select
    $run as landed_run,
    'purchases' as relation,
    column_name,
    if(place <= 50, value, 'other') as value,
    sum(value_rows)::bigint as value_rows
from (
    select
        *,
        row_number() over (partition by column_name order by value_rows desc, value asc) as place
    from counted
) as ranked
group by column_name, if(place <= 50, value, 'other');
