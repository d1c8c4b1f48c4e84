-- name: 304_segment_spells_dropped
-- owner: data
-- grain: none
-- params: none
-- purpose: The table that segment.moves replaces; a view has its name and columns.
drop table if exists segment.spells;
