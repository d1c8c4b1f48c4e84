create temp table found as
from (values ('b', 's1'), ('a', 's1'), ('a', 's1'), ('a', 'no_features')) as found (segment, subscriber_id);
