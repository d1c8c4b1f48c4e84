"""The shop's name and topics on the pages. An invalid shop file must not keep anybody from unsubscribing."""

from __future__ import annotations

import logging

from include.core.errors import ConfigurationError
from include.core.shop import Shop, load_shop

log = logging.getLogger(__name__)
_NAMELESS = Shop.model_construct(name="", contact="", default_locale="en", topics=())
_last_read = [_NAMELESS]
_logged: set[str] = set()


def shop() -> Shop:
    """The shop file; while it is invalid, its last valid content, or a shop without name and topics.

    An error is logged once. Unsubscribing, also by one click, needs nothing from the file.
    """
    try:
        _last_read[:] = [load_shop()]
    except ConfigurationError as error:
        if str(error) not in _logged:
            _logged.add(str(error))
            log.error("the shop file is invalid; the pages use its previous content: %s", error)
    return _last_read[0]
