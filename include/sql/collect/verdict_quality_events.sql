-- name: verdict_quality_events
-- owner: data
-- grain: one row
-- params: rule_version
-- purpose: How many events the measurement of this version of the rules compared.
select coalesce(sum(machine_as_machine + machine_as_human + human_as_machine + human_as_human), 0)::bigint as events
from engagement.verdict_quality
where rule_version = $rule_version;
