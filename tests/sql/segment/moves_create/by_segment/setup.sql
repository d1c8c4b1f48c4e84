create temp table places as
from (
    values
        ('a', 0, 1, false), ('b', 0, 2, false), ('kept', 0, 4, false), ('first', 1, 1, true)
) as places (segment, block, bit, is_first);

create temp table changed_members as
from (
    values
        ('enters', 0, true, 0, 1, 5), ('enters', 1, false, 0, 1, 1), ('swaps', 0, true, 1, 2, 2),
        ('never', 0, false, 0, 0, 0)
) as changed (subscriber_id, block, is_stored, before, now, bits);
