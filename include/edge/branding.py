"""Whose pages these are: the shop's file, which must not be in the way of somebody who leaves."""

from __future__ import annotations

import logging

from include.core.errors import ConfigurationError
from include.core.shop import Shop, load_shop

log = logging.getLogger(__name__)
_NAMELESS = Shop.model_construct(name="", contact="", default_locale="en", topics=())
_last_read = [_NAMELESS]
_told: set[str] = set()


def shop() -> Shop:
    """The shop's file; while it cannot be read, as it was before, or a shop without name and topics.

    A mistake in it is logged, and the pages go without a name: leaving, and the mail client's one click, need none.
    """
    try:
        _last_read[:] = [load_shop()]
    except ConfigurationError as error:
        if str(error) not in _told:
            _told.add(str(error))
            log.error("the pages go on without the shop's file as it is now: %s", error)
    return _last_read[0]
