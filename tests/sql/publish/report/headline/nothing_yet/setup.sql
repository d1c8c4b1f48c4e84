create table marts.campaign_performance (
    campaign varchar,
    planned_at timestamptz,
    selected bigint,
    accepted bigint,
    delivered bigint,
    delivered_tracked bigint,
    human_opens bigint,
    human_clicks bigint,
    unsubscribes bigint,
    complaints bigint,
    in_doubt bigint,
    cost double
);
create table marts.reconciliation (holds boolean, must_hold boolean);
