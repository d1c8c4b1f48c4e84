-- name: page_reasons
-- owner: data
-- grain: one row a relation and reason
-- params: none
-- purpose: Why rows are in quarantine, each by its newest version, for the quality page. Reasons and counts; no row is shown.
select
    relation,
    reason,
    count(*) as refused_rows
from (
    select
        relation,
        unnest(reasons) as reason
    from quality.quarantine
    qualify
        row_number() over (
            partition by relation, coalesce(source_key, landed_run || row_number)
            order by quarantined_at desc
        ) = 1
)
group by relation, reason
order by relation desc, refused_rows desc, reason;
