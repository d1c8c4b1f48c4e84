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
insert into segment.membership values ('r1', 'a', 'before'), ('r2', 'a', 'now'), ('r1', 'b', 'of_b');
