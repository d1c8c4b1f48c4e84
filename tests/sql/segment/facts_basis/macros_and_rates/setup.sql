delete from core.schema_history;
insert into core.schema_history values (1, 'a_table', null, now()), (null, 'a_macro', 'abc', now());
