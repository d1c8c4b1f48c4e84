-- name: 053_refusals
-- owner: data
-- grain: one row a refusal that the source told
-- params: none
-- purpose: Who refused at the source, and since when; append-only. A refusal is about the id and the address of its row (either
--          may be null). refused_at is the row's updated_at; where that cannot be read, lies ahead, or is not newer than the
--          yes that the refusal replaces, it is the moment of landing. learned_at: when we validated the row.
create table if not exists core.refusals (
    subscriber_id varchar,
    address_key varchar,
    refused_at timestamptz not null,
    learned_at timestamptz not null,
    landed_run varchar not null
);
