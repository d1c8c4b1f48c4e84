create table ledger_opt_outs (message_key varchar, happened_at double);
insert into ledger_opt_outs values ('m1', 1793500000), ('m1', 1793600000), ('m2', 1793500000), ('m3', 1793600000);
