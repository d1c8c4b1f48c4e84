-- name: dominant_reasons
-- owner: data
-- grain: one row per reason
-- params: run, relation
-- purpose: The three commonest reasons for quarantine in a batch, for the message of a stop.
select
    reason,
    count(*) as refused_rows
from (
    select unnest(reasons) as reason
    from quality.quarantine
    where landed_run = $run and relation = $relation
) as reasons
group by reason
order by refused_rows desc, reason asc
limit 3;
