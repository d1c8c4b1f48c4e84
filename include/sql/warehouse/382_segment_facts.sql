-- name: 382_segment_facts
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: What segment.features is computed from when it is read: times, and counts of the last days. It holds nothing that changes
--          for everybody from day to day, so that a run computes the people with something new (ADR 294). birthday is month and
--          day; tracking_consent is the one by which opens were counted.
create table if not exists segment.facts (
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
