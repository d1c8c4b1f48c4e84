create temp table selected_members (segment varchar, subscriber_id varchar);
create temp table selected as
from (values ('s1'), ('no_features'), (null)) as selections (subscriber_id);
