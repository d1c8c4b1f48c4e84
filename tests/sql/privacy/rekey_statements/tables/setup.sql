create table core.unrelated (name varchar);
create view core.keys as select address_key from core.refusals;
