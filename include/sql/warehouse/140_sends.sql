-- name: 140_sends
-- owner: data
-- grain: one row a person a plan
-- params: none
-- purpose: Everybody whom a plan selected and what became of the message. state: pending, accepted, rejected, suppressed,
--          capped, held_out, in_doubt, skipped. attempts counts requests that carried the message.
create table if not exists dispatch.sends (
    message_key varchar not null,
    plan_id varchar not null,
    campaign varchar not null,
    occurrence varchar not null,
    subscriber_id varchar not null,
    address_key varchar not null,
    variant varchar not null,
    mailbox_provider varchar not null,
    state varchar not null,
    reason varchar,
    chunk integer,
    attempt integer not null,
    x_message_id varchar,
    planned_at timestamptz not null,
    sent_at timestamptz
);
