"""Classifies database errors: the ledger is temporarily unavailable, or its configuration is wrong."""

from __future__ import annotations

import sqlite3

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from include.core.errors import ConfigurationError, LedgerUnavailable, TradewindError

_PASSING = ("08", "57P", "53300", "25P03")
"""SQLSTATE: connection exceptions, shut down or starting up, too many connections, a transaction that was silent too long.
https://www.postgresql.org/docs/current/errcodes-appendix.html"""
_LASTING = ("28", "3D", "42501")
"""SQLSTATE: not authorised, no such database, no privilege."""
_LASTING_WORDS = (
    "authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied", "permission denied",
    "invalid port number", "invalid sslmode", "is not permitted to log in",
)  # fmt: skip
"""A failed connection attempt has no SQLSTATE, only libpq's message. Messages in another language count as retryable."""
_UNRESOLVED = ("resolve host", "translate host name", "Name or service not known")


def translated(error: DBAPIError | sqlite3.Error, url: URL) -> TradewindError | None:
    """The error to raise instead of `error`; None if it is not about the database's availability.

    The text contains no parameters and no password.
    """
    where = f"connection ledger_default, {url.render_as_string(hide_password=True)}"
    origin = getattr(error, "orig", error)
    if url.get_backend_name() == "sqlite":
        locked = "database is locked" in str(origin)
        return _unavailable("is locked by another process", where, "Find the process that holds it.") if locked else None
    state = str(getattr(origin, "sqlstate", None) or "")
    unmade = not state and isinstance(error, OperationalError | InterfaceError)
    if state.startswith(_LASTING) or (unmade and any(words in str(origin) for words in _LASTING_WORDS)):
        return ConfigurationError(
            f"the ledger does not open ({type(origin).__name__}).",
            where=where,
            remedy="Check the database's name, its user and the password.",
        )
    if unmade and any(words in str(origin) for words in _UNRESOLVED):
        return _unavailable("has a host name that does not resolve now", where, "If it never did, check the name.")
    if unmade or state.startswith(_PASSING):
        return _unavailable(f"cannot be reached ({state or type(origin).__name__})", where)
    return None


def _unavailable(what: str, where: str, remedy: str = "") -> LedgerUnavailable:
    remedy_text = f"Nothing was lost; the task is retried. Check that the database is running. {remedy}".strip()
    return LedgerUnavailable(f"the ledger {what}.", where=where, remedy=remedy_text)
