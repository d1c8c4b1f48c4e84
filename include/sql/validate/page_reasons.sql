-- name: page_reasons
-- owner: data
-- grain: one row per relation and reason
-- params: none
-- purpose: For the quality page: the number of rows that are in quarantine now, by reason. Shows no row.
select
    relation,
    reason,
    count(*) as refused_rows
from (
    select
        relation,
        unnest(reasons) as reason
    from quality.open_quarantine
) as samples
group by relation, reason
order by relation desc, refused_rows desc, reason asc;
