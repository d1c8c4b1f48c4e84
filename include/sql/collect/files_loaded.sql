-- name: files_loaded
-- owner: data
-- grain: one row a spool file
-- params: none
-- purpose: Which of the listed files were loaded already: a crash came between the commit and the move.
select spool_files.name
from engagement.spool_files
semi join batch_files on spool_files.name = batch_files.name;
