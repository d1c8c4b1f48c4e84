-- name: verdict_changes_insert
-- owner: data
-- grain: one row per campaign, occurrence, event, rule version and pair of verdicts
-- params: changed_at
-- purpose: Records what a reclassification made of the events in `verdicts_before`, those that kept their verdict included.
insert into engagement.verdict_changes by name
select
    $changed_at as changed_at,
    verdicts_before.rule_version as from_version,
    events.rule_version as to_version,
    events.campaign,
    events.occurrence,
    events.event,
    verdicts_before.verdict as verdict_before,
    events.verdict as verdict_after,
    count(*) as events,
    count(distinct events.message_key) as messages
from engagement.events
inner join verdicts_before on events.dedup_key = verdicts_before.dedup_key
where events.rule_version <> verdicts_before.rule_version
group by all;
