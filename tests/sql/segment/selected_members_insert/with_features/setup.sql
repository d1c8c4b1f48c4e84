create temp table places as
from (
    values
        ('a', 0, 1, false), ('b', 0, 2, false), ('kept', 0, 4, false), ('first', 1, 1, true)
) as places (segment, block, bit, is_first);

create temp table selected_members (subscriber_id varchar, block usmallint, bits ubigint);
create temp table selected as
from (values ('s1'), ('no_features'), (null)) as selections (subscriber_id);
