-- Only the columns that are read.
drop table marts.list_health;
