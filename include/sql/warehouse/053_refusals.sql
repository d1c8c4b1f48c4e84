-- name: 053_refusals
-- owner: data
-- grain: one row per refusal at the source
-- params: none
-- purpose: Refusals at the source with their time; append-only. A refusal applies to the id and the address of its row
--          (either may be null). refused_at is the row's updated_at; where that cannot be parsed, is in the future, or is
--          not newer than the yes that the refusal replaces, it is the time of landing. learned_at is the time of
--          validation: a confirmation ends the refusals that were known before it, whatever the clock of the source says.
create table if not exists core.refusals (
    subscriber_id varchar,
    address_key varchar,
    refused_at timestamptz not null,
    learned_at timestamptz not null,
    landed_run varchar not null
);
