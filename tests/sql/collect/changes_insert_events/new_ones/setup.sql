create temp table deduplicated as
select * from (values (1, 'new'), (2, 'new'), (3, 'duplicate')) as d (arrival, status);
create temp table matched as
select *
from (
    values
    (1, 'm1', timestamptz '2026-11-02 00:00:00Z'), (2, 'm1', timestamptz '2026-11-01 00:00:00Z'),
    (3, 'm2', timestamptz '2026-11-01 00:00:00Z')
) as m (arrival, matched_message_key, occurred_at);
