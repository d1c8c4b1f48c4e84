-- name: page_reasons
-- owner: data
-- grain: one row per relation and reason
-- params: none
-- purpose: For the quality page: the number of rows in quarantine by reason, each row counted by its newest version. Shows
--          no row.
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
) as samples
group by relation, reason
order by relation desc, refused_rows desc, reason asc;
