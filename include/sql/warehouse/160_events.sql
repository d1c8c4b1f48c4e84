-- name: 160_events
-- owner: data
-- grain: one row per distinct event
-- params: none
-- purpose: Events of a message. event_key (dedup_key since 230) is a hash of the event's content, so a redelivery under a
--          new sg_event_id is the same event; the second of equal clicks in one second ends in -2, and so on. No address.
--          verdict is human, machine or own_link (opens, clicks and unsubscribes only), with the signals that led to it and
--          the version of the rules.
create table if not exists engagement.events (
    event_key varchar not null,
    sg_event_id varchar,
    message_key varchar not null,
    attempt integer,
    chunk varchar,
    subscriber_id varchar not null,
    campaign varchar not null,
    occurrence varchar not null,
    event varchar not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    x_message_id varchar,
    bounce_class varchar,
    bounce_classification varchar,
    smtp_status varchar,
    reason varchar,
    url varchar,
    url_index integer,
    url_type varchar,
    user_agent varchar,
    sg_machine_open boolean,
    delivery_attempt integer,
    verdict varchar,
    signals varchar[],
    rule_version integer,
    spool_file varchar not null
);
