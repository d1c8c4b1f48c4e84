"""The segments that must be built when nothing but activities has changed."""

from __future__ import annotations

import logging
import re

from include.core.campaign_file import campaign_names, load_campaign
from include.core.errors import ConfigurationError
from include.segment.catalogue import Catalogue, with_bases

log = logging.getLogger(__name__)

_MAY_READ_ACTIVITIES = re.compile(r"activit|\*", re.IGNORECASE)
"""A table or column of activities, or a star, which may stand for one."""


def activity_segments(catalogue: Catalogue) -> Catalogue:
    """The segments whose members activities may change, those that a campaign combines with them, and what these read.

    A campaign plans from one run that built all of its segments, so they are built together. Segments that are broken are
    left to the runs that build every segment.
    """
    changed: set[str] = set()
    for segment in catalogue.segments:
        if _MAY_READ_ACTIVITIES.search(segment.definition.statement) or changed.intersection(map(str, segment.reads)):
            changed.add(str(segment.name))
    combined = _combined({segment.name.segment for segment in catalogue.segments if str(segment.name) in changed})
    wanted = changed | {str(segment.name) for segment in catalogue.segments if segment.name.segment in combined}
    return with_bases(catalogue, wanted)


def _combined(changed: set[str]) -> frozenset[str]:
    """The segments of every campaign that uses one of these."""
    return frozenset().union(*(segments for segments in map(_segments_of, campaign_names()) if segments & changed))


def _segments_of(campaign: str) -> frozenset[str]:
    try:
        loaded = load_campaign(campaign)
    except ConfigurationError as error:
        log.warning("its segments are not known: %s", error)
        return frozenset()
    return frozenset(name.segment for name in loaded.segments.names())
