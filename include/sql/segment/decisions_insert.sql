-- name: decisions_insert
-- owner: data
-- grain: one row per accepted size
-- params: segment, decided_by, reason, decided_at
-- purpose: Record that somebody accepts the size for which a segment is stopped now, in the newest run that stopped it. No row if
--          it is not stopped for its own size.
insert into segment.decisions by name
select
    stops.segment_run,
    stops.segment,
    stops.members,
    $decided_by as decided_by,
    $reason as reason,
    $decided_at::timestamptz as decided_at
from segment.stops
inner join segment.runs using (segment_run)
anti join segment.decisions using (segment_run, segment)
where stops.segment = $segment and stops.cause = $segment and stops.kind = 'size'
order by runs.as_of desc, runs.built_at desc
limit 1
returning members;
