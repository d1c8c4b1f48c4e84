-- name: 268_quality_open_quarantine
-- owner: data
-- grain: one row per quarantined row that is not corrected yet
-- params: none
-- purpose: What is in quarantine now: the newest version of each row since the latest accepted full pass, unless a good row
--          with its key was merged later. quality.quarantine keeps the history.
create or replace view quality.open_quarantine as
with full_passes as (
    select
        relation,
        max(validated_at) as latest_at
    from quality.runs
    where is_full and verdict = 'accepted'
    group by relation
),

newest as (
    select quarantine.*
    from quality.quarantine as quarantine
    left join full_passes using (relation)
    where quarantine.quarantined_at >= coalesce(full_passes.latest_at, quarantine.quarantined_at)
    qualify
        row_number() over (
            partition by quarantine.relation, coalesce(quarantine.source_key, quarantine.landed_run || quarantine.row_number)
            order by quarantine.quarantined_at desc
        ) = 1
),

merged as (
    select
        'subscribers' as relation,
        subscriber_id as source_key,
        landed_run
    from core.subscribers
    union all
    select
        'purchases' as relation,
        purchase_id as source_key,
        landed_run
    from core.purchases
    union all
    select
        'activities' as relation,
        activity_id as source_key,
        landed_run
    from core.activities
),

corrected as (
    select
        newest.relation,
        newest.source_key
    from newest
    inner join merged on newest.relation = merged.relation and newest.source_key = merged.source_key
    inner join quality.runs as runs on merged.relation = runs.relation and merged.landed_run = runs.landed_run
    where runs.validated_at > newest.quarantined_at
)

select newest.*
from newest
anti join corrected on newest.relation = corrected.relation and newest.source_key = corrected.source_key;
