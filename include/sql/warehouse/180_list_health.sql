-- name: 180_list_health
-- owner: data
-- grain: one row per day
-- params: none
-- purpose: The one mart that keeps history: the row of a day is replaced only when that day is analysed again.
create table if not exists marts.list_health (
    day date not null,
    subscribers bigint not null,
    subscribed bigint not null,
    unsubscribed bigint not null,
    pending bigint not null,
    deleted bigint not null,
    consented bigint not null,
    suppressed bigint not null,
    mailable bigint not null,
    tracking_consented bigint not null,
    engaged_30d bigint not null,
    engaged_90d bigint not null,
    dormant_180d bigint not null
);
