drop table marts.list_health;
create table marts.b (two integer, one varchar);
create table marts.a (three integer);
create table core.elsewhere (four integer);
comment on table marts.b is 'The second';
comment on column marts.b.one is 'A column';
attach ':memory:' as published;
create schema published.marts;
create table published.marts.b (five integer);
