create temp table moves as
from (
    values
        ('a', 'new', 'entered', false), ('a', 'old', 'entered', false), ('a', 'leaves', 'left', false), ('a', 'was_here', 'left', false),
        ('first', 'new', 'entered', true)
) as moved (segment, subscriber_id, moved, is_first);
