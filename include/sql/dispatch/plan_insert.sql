-- name: plan_insert
-- owner: dispatch
-- grain: one row per plan
-- params: plan_id, campaign, occurrence, segment, segment_run, state, stop_reason, content_hash, planned_at, selected, cost_per_thousand, ledger_mark
-- purpose: Inserts the ledger's plan, after plan_delete and sends_delete in the same transaction.
insert into dispatch.plans by name
select
    $plan_id as plan_id,
    $campaign as campaign,
    $occurrence as occurrence,
    $segment as segment,
    $segment_run as segment_run,
    $state as state,
    $stop_reason as stop_reason,
    $content_hash as content_hash,
    make_timestamptz(($planned_at * 1000000)::bigint) as planned_at,
    $selected as selected,
    $cost_per_thousand as cost_per_thousand,
    $ledger_mark as ledger_mark;
