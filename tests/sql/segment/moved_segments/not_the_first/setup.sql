create temp table moves as
from (
    values
        ('a', 'new', 'entered', false), ('a', 'old', 'entered', false), ('a', 'gone', 'left', false), ('a', 'old_too', 'left', false),
        ('first', 'new', 'entered', true)
) as moved (segment, subscriber_id, moved, is_first);
