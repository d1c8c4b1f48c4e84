create schema added_later;
create table added_later.notes (note varchar, subscriber_id varchar, body json);
create table added_later.rates (currency varchar, rate double);
create temp table scratch (subscriber_id varchar);
drop schema segment cascade;
drop schema engagement cascade;
drop schema dispatch cascade;
drop schema marts cascade;
drop schema core cascade;
