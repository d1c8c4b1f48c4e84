-- name: 130_plans
-- owner: data
-- grain: one row per plan
-- params: none
-- purpose: A copy of the ledger's plans for analysis: one campaign at one occurrence, live sends only.
create table if not exists dispatch.plans (
    plan_id varchar not null,
    campaign varchar not null,
    occurrence varchar not null,
    segment varchar not null,
    segment_run varchar not null,
    state varchar not null,
    stop_reason varchar,
    content_hash varchar not null,
    planned_at timestamptz not null,
    selected bigint not null,
    cost_per_thousand double,
    ledger_mark varchar
);
