-- name: suppression_differences
-- owner: operations
-- grain: one row; none if the lists were never compared
-- params: as_of
-- purpose: What the nightly comparisons of SendGrid's suppression lists with the ledger found: the last one, and on how many
--          of the last 30 days a side lacked an entry, which was then repaired.
with comparisons as (
    select
        checked_at,
        sum(entries) as entries,
        sum(explained) as explained,
        sum(repaired) as repaired
    from core.suppression_checks
    group by checked_at
)

select
    date_diff('hour', max(checked_at), $as_of::timestamptz) as hours_ago,
    arg_max(entries, checked_at)::bigint as entries,
    arg_max(explained, checked_at)::bigint as explained,
    arg_max(repaired, checked_at)::bigint as repaired,
    count(distinct utc_day(checked_at)) filter (
        where repaired > 0 and checked_at > $as_of::timestamptz - interval 30 days
    ) as days_with_repairs
from comparisons
having count(*) > 0;
