create table marts.campaign_reasons as from (values ('suppressed', 3), ('capped', 4)) as t (state, people);
create table marts.sends as select if(range < 2, 'accepted', 'suppressed') as state from range(7);
create table marts.campaign_hours as from (values (1, 2), (3, 4)) as t (delivered, human_opens);
create table marts.campaign_performance as from (values (5, 6)) as t (delivered, human_opens);
create table marts.segment_overlap as from (values ('a', 'a', 2), ('a', 'b', 9), ('b', 'b', 1)) as t (segment, other_segment, people);
insert into segment.positions values ('s', 0, 'r1', now());
insert into segment.members select 'p' || range, 0, range from range(4);
