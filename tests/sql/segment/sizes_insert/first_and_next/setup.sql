create temp table places as
from (
    values
        ('a', 0, 1, false), ('b', 0, 2, false), ('kept', 0, 4, false), ('first', 1, 1, true)
) as places (segment, block, bit, is_first);

create temp table selected_members as
from (
    values
        ('stays', 0, 1), ('stays', 0, 2), ('enters', 0, 1), ('enters', 1, 1), ('new', 0, 3), ('left_in_a_try', 0, 1)
) as selected (subscriber_id, block, bits);

insert into places values ('empty', 0, 8, false);
create temp table moves as
from (
    values ('a', 'enters', 'entered'), ('a', 'leaves', 'left'), ('a', 'gone', 'left'), ('empty', 'gone', 'left')
) as moves (segment, subscriber_id, moved);
