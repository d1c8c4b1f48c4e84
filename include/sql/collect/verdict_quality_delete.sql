-- name: verdict_quality_delete
-- owner: data
-- grain: none
-- params: rule_version
-- purpose: Deletes the earlier measurement of this version of the rules, before verdict_quality_insert.
delete from engagement.verdict_quality
where rule_version = $rule_version;
