-- name: published_delete
-- owner: privacy
-- grain: none
-- params: none
-- purpose: Let the next published file be written whole: a file in which rows are replaced keeps the bytes of the old
--          ones.
delete from build.published;
