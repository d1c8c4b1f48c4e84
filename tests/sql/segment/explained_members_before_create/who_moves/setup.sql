create temp table members_before as
from (
    values ('new', 0, 1), ('old', 0, 2), ('old', 1, 3), ('unmoved', 0, 4)
) as members_before (subscriber_id, block, bits);
create temp table explained_moves as
from (
    values ('a', 'new', 'entered'), ('b', 'new', 'entered'), ('a', 'old', 'left'), ('a', 'gone', 'left')
) as moved (segment, subscriber_id, moved);
