-- name: 342_verdict_quality
-- owner: data
-- grain: one row per rule version and event
-- params: none
-- purpose: The last measurement of each version of the rules against the simulator's ground truth (measure_verdicts.py). Counts
--          only: which event a machine made is not kept. Positive is machine.
create table if not exists engagement.verdict_quality (
    rule_version integer not null,
    event varchar not null,
    measured_at timestamptz not null,
    machine_as_machine bigint not null,
    machine_as_human bigint not null,
    human_as_machine bigint not null,
    human_as_human bigint not null
);
