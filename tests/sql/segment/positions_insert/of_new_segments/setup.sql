create temp table places as
from (values ('a', 0), ('broken', 1), ('first', 64)) as places (segment, position);
