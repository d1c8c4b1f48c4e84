-- name: files_loaded
-- owner: data
-- grain: one row per spool file
-- params: none
-- purpose: Which files in `batch_files` are already loaded: a crash between the commit and the move leaves them in
--          `spool/incoming/`.
select spool_files.name
from engagement.spool_files
semi join batch_files on spool_files.name = batch_files.name;
