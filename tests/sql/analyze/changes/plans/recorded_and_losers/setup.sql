create table build.plan_states as select 'p1' as plan_id, 'c' as campaign, 'then' as occurrence;
create table marts.arbitration as
select * from (
    values ('loser', 'c', 'o1'), ('loser_then', 'c', 'then'), ('other', 'c', 'o2')
) as t (plan_id, lost_to_campaign, lost_to_occurrence);
