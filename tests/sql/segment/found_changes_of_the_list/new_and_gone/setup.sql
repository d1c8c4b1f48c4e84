create temp table explained_moves as
from (
    values
    ('a', 'new', 'entered'), ('a', 'old', 'entered'), ('a', 'gone', 'left'), ('a', 'old_too', 'left')
) as moved (segment, subscriber_id, moved);
create temp table found_changes (
    segment varchar, subscriber_id varchar, moved varchar, condition varchar, compared_at timestamptz
);
create temp table movers as
from (
    values
    ('new', false, true), ('old', true, true), ('gone', true, false), ('old_too', true, true)
) as movers (subscriber_id, was_listed, is_listed);
