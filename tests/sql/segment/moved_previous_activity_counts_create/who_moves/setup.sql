create temp table explained_moves as
from (
    values
    ('a', 'new', 'entered'), ('a', 'old', 'entered'), ('b', 'old', 'left'), ('a', 'gone', 'left')
) as moved (segment, subscriber_id, moved);
