create temp table places as
from (
    values
        ('a', 0, 1, false), ('b', 0, 2, false), ('kept', 0, 4, false), ('first', 1, 1, true)
) as places (segment, block, bit, is_first);

create temp table selected_members as
from (values ('s1', 0, 1), ('s1', 0, 2), ('s1', 1, 1), ('s2', 0, 2)) as selected (subscriber_id, block, bits);
