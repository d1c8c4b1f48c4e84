-- Brings the database of a simulator older than schema version 1 to that version.
begin;
alter table requests rename column fate to drop_reason;
alter table visits rename to link_visits;
drop index visits_due;
update runs set conditions = cast(replace(cast(conditions as text), '"fate":', '"drop_reason":') as blob) where conditions is not null;
commit;
