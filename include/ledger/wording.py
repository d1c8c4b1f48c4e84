"""What a person read when they answered: the wording, identified by its content.

GDPR Art. 7(1) asks the controller to demonstrate consent, which includes what the person agreed to. The text of a page may
change with any release, so the text itself is kept, once for each version.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """A text in one language (BCP 47) on one page, without anything about the person."""

    page: str
    locale: str
    text: str

    @property
    def version(self) -> str:
        """Identifies the text: `<page>/<locale>/<hash>`."""
        return f"{self.page}/{self.locale}/{_hash(self.text)}"


def is_version_of(version: str, text: str) -> bool:
    """Whether this is the version of the text: another text has another one."""
    return version.rpartition("/")[2] == _hash(text)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
