drop view segment.spells;
drop view segment.membership;
create table segment.membership (segment_run varchar, segment varchar, subscriber_id varchar);
insert into segment.runs (segment_run, as_of, built_at)
values
    ('r1', timestamptz '2026-11-01 00:00:00Z', timestamptz '2026-11-01 01:00:00Z'),
    ('r2', timestamptz '2026-11-02 00:00:00Z', timestamptz '2026-11-02 01:00:00Z'),
    ('r3', timestamptz '2026-11-03 00:00:00Z', timestamptz '2026-11-03 01:00:00Z');
insert into segment.sizes (segment_run, segment, members, entered, left_segment, stayed)
values ('r1', 'a', 1, 1, 0, 0), ('r2', 'a', 1, 1, 1, 0), ('r1', 'b', 1, 1, 0, 0), ('r3', 'empty', 0, 0, 0, 0);

create table segment.spells (
    segment varchar, subscriber_id varchar, entered_run varchar, entered_at timestamptz, left_run varchar, left_at timestamptz
);
insert into segment.spells
values
    ('a', 'stays', 'r1', timestamptz '2026-11-01 00:00:00Z', null, null),
    ('a', 'leaves', 'r1', timestamptz '2026-11-01 00:00:00Z', 'r2', timestamptz '2026-11-02 00:00:00Z'),
    ('a', 'enters', 'r2', timestamptz '2026-11-02 00:00:00Z', null, null),
    ('b', 'stays', 'r1', timestamptz '2026-11-01 00:00:00Z', null, null);
insert into segment.positions values ('a', 0, 'r1', timestamptz '2026-11-01 00:00:00Z'), ('b', 65, 'r1', timestamptz '2026-11-01 00:00:00Z');
drop table segment.members;
