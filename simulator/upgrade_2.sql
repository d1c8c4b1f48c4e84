-- Brings the database of a simulator of schema version 1 to version 2, which has the inbox. The inbox finds messages that were
-- accepted before by their address only.
begin;
alter table accepted add column marks integer not null default 0;
alter table accepted add column words text not null default '';
update accepted set words = lower(email) where email <> 'erased';
commit;
