-- name: 110_features
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The columns that segments select by: recency, frequency, monetary value, lifecycle stage, engagement. As of the
--          last run.
create table if not exists segment.features (
    subscriber_id varchar not null,
    as_of timestamptz not null,
    days_since_signup integer,
    first_purchased_at timestamptz,
    last_purchased_at timestamptz,
    days_since_purchase integer,
    purchases integer not null,
    revenue decimal(18, 2) not null,
    recency_score tinyint,
    frequency_score tinyint,
    monetary_score tinyint,
    lifecycle_stage varchar not null,
    last_human_engaged_at timestamptz,
    days_since_engagement integer,
    human_opens_90d integer not null,
    human_clicks_90d integer not null,
    engagement_level varchar not null
);
