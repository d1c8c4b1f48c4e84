create temp table moves as
from (
    values
        ('a', 'new', 'entered', false), ('a', 'old', 'entered', false), ('a', 'gone', 'left', false), ('a', 'old_too', 'left', false),
        ('first', 'new', 'entered', true)
) as moved (segment, subscriber_id, moved, is_first);
create temp table found_changes (segment varchar, subscriber_id varchar, moved varchar, condition varchar, compared_at timestamptz);
