-- name: 386_segment_replaced_facts
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The rows of segment.facts of the run before that were replaced since.
create table if not exists segment.replaced_facts (
    subscriber_id varchar not null,
    signed_up_at timestamptz,
    tracking_consent boolean not null,
    birthday varchar,
    first_purchased_at timestamptz,
    last_purchased_at timestamptz,
    purchases integer not null,
    purchase_days integer not null,
    revenue decimal(18, 2) not null,
    unconverted integer not null,
    last_human_engaged_at timestamptz,
    human_opens_90d integer not null,
    human_clicks_90d integer not null,
    human_opens_30d integer not null,
    human_clicks_30d integer not null,
    last_activity_at timestamptz,
    activities_7d integer not null,
    activities_30d integer not null
);
