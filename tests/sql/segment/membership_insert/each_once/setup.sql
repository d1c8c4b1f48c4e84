create temp table selected_members as
from (values ('b', 's1'), ('a', 's1'), ('a', 's1'), ('a', 'no_features')) as selections (segment, subscriber_id);
