-- name: differing_events
-- owner: data
-- grain: one row per event
-- params: none
-- purpose: The events that differ from those of the last build, as they were and as they are.
(
    from events_before
    except all
    from events_after
)
union all
(
    from events_after
    except all
    from events_before
);
