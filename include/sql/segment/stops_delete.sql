-- name: stops_delete
-- owner: data
-- grain: none
-- params: segment_run
-- purpose: Delete the stops that an earlier try of this run recorded.
delete from segment.stops
where segment_run = $segment_run;
