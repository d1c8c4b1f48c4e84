drop table segment.spells;
