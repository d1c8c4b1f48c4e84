attach ':memory:' as published;
create schema published.marts;
create table published.marts.people (subscriber_id varchar, note varchar, amount integer);
create table published.marts.totals (label varchar);
create schema published.other;
create table published.other.people (subscriber_id varchar, note varchar);
create table marts.here (subscriber_id varchar, note varchar);
create table marts.people (subscriber_id varchar, remark varchar);
