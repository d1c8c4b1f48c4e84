"""The versions that a tick works with: those of the files, and those by which people are inside."""

from __future__ import annotations

import logging
from types import TracebackType

from include.core.errors import CampaignStopped, TradewindError
from include.core.journey_file import journey_names
from include.core.journey_version import JourneyVersion, load_version, pinned
from include.ledger import journeys
from include.ledger.database import Ledger

log = logging.getLogger(__name__)


class Versions:
    """The journeys of one tick, and the errors of those that fail in it: the others go on."""

    def __init__(self, ledger: Ledger) -> None:
        """Read all files; keep new versions, and let people enter in them from now on."""
        self._ledger = ledger
        self._pinned: dict[tuple[str, str], JourneyVersion] = {}
        self.current: dict[str, JourneyVersion] = {}
        self.unreadable: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.names = journey_names()
        self._load()

    def _load(self) -> None:
        known = journeys.states(self._ledger)
        for name in self.names:
            with Guard(self.unreadable, name):
                version = load_version(name)
                if name not in known or known[name].version != version.version:
                    journeys.register(self._ledger, name, version.version, version.definition)
                    log.info("%s: people enter in version %s from now on", name, version.version)
                self.current[name] = version

    def pinned(self, journey: str, version: str) -> JourneyVersion:
        """A version by which somebody is inside, whatever became of its file."""
        current = self.current.get(journey)
        if current and current.version == version:
            return current
        if (journey, version) not in self._pinned:
            self._pinned[journey, version] = pinned(journeys.definition_of(self._ledger, journey, version))
        return self._pinned[journey, version]

    def guard(self, journey: str) -> Guard:
        """Collects the error of a journey in `failed`."""
        return Guard(self.failed, journey)

    def errors(self) -> list[str]:
        """What failed, one line per journey."""
        found = {**self.unreadable, **self.failed}
        return [f"{name}: {found[name]}" for name in sorted(found)]


class Guard:
    """A block that works on one journey: its error is kept, unless the whole tick is to be repeated.

    A journey that is paused or cancelled meanwhile is left as it is, and has no error.
    """

    def __init__(self, errors: dict[str, str], journey: str) -> None:
        self._errors, self._journey = errors, journey

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if not isinstance(error, TradewindError) or error.retryable:
            return False
        if isinstance(error, CampaignStopped):  # In the midst of the tick, by an operator or by the circuit breaker.
            log.info("%s goes no further: %s", self._journey, error)
            return True
        log.error("journey %s: %s", self._journey, error)
        self._errors[self._journey] = str(error)
        return True
