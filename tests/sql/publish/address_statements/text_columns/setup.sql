drop table marts.list_health;
drop table marts.lifecycle_daily;
drop table marts.lifecycle_history;
-- Numbers, times and booleans cannot hold an address; text, lists, structs and JSON can.
create table marts.kept (
    id integer, price decimal(10, 2), sent_at timestamp, opened_at timestamptz, is_on boolean, "the ""note""" varchar, tags varchar[]
);
create table marts.numbers (number bigint, day date);
create table marts.raw (body json);
create table core.elsewhere (email varchar);
