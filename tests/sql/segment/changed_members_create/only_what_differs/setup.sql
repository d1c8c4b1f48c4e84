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

create temp table members_before as
from (
    values
        ('stays', 0, 3, 3), ('enters', 0, 4, 4), ('leaves', 0, 3, 3), ('left_in_a_try', 0, 0, 1), ('only_kept', 0, 4, 4)
) as members (subscriber_id, block, stored, bits);
