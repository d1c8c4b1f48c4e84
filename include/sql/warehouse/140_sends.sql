-- name: 140_sends
-- owner: data
-- grain: one row per subscriber and plan
-- params: none
-- purpose: All subscribers that a plan selected, with the state of their message: pending, accepted, rejected, suppressed,
--          capped, held_out, in_doubt, skipped. attempt counts the requests that carried the message.
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
