create temp table selected_members as
from (
    values ('new', 0, 1), ('new', 0, 4), ('old', 1, 3), ('unmoved', 0, 4)
) as selected (subscriber_id, block, bits);
create temp table explained_moves as
from (
    values
    ('a', 'new', 'entered'), ('a', 'old', 'entered'), ('b', 'old', 'left'), ('a', 'gone', 'left')
) as moved (segment, subscriber_id, moved);
