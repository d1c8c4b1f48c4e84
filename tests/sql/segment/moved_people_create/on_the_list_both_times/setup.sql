create temp table moves as
from (
    values
        ('a', 'new', 'entered'), ('a', 'old', 'entered'), ('a', 'gone', 'left'), ('a', 'old_too', 'left')
) as moved (segment, subscriber_id, moved);
