create temp table engagement_by_person (
    number ubigint,
    last_opened_at timestamptz,
    last_clicked_at timestamptz,
    opens_90d integer,
    clicks_90d integer,
    opens_30d integer,
    clicks_30d integer
);
insert into engagement_by_person values (1, '2026-11-24 00:00:00Z', null, 9, 0, 8, 0);
create temp table facts_before as
from (
    values
    (1, true, '2026-11-20 00:00:00Z'::timestamptz, 1, 2, 1, 2),
    (2, false, '2026-11-21 00:00:00Z'::timestamptz, 6, 5, 4, 3)
) as facts (
    number, has_events, last_human_engaged_at, human_opens_90d, human_clicks_90d, human_opens_30d, human_clicks_30d
);
