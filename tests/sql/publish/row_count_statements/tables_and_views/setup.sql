create table marts.one (x integer);
create view marts.two as select 1 as y;
