"""Errors that say what happened, where, and what to do about it.

Every error that Tradewind raises on purpose derives from `TradewindError`. `may_retry` is the one retry classifier: the
Airflow retry policy in `include/orchestration/retries.py` asks it, and so does every loop that tries again.

An error's text may be logged, shown in the Airflow UI and mailed to an operator, so it never carries an address, a name, a
key or a row's values: only places (file, line, table, column, subscriber id) and counts.
"""

from __future__ import annotations


class TradewindError(Exception):
    """What went wrong, with the place and the remedy.

    `retryable` says whether the same call may be made again without harm and with hope; `retry_after` is how many seconds
    from now, where that is known.
    """

    retryable = False

    def __init__(self, what: str, *, where: str = "", remedy: str = "", retry_after: float | None = None) -> None:
        self.what, self.where, self.remedy, self.retry_after = what, where, remedy, retry_after
        super().__init__(" ".join(part for part in (f"{where}:" if where else "", what, remedy) if part))


class ConfigurationError(TradewindError):
    """A setting, connection or file that a person wrote is wrong. A retry cannot mend it."""


class SegmentsBroken(ConfigurationError):
    """Some segments could not be built; the others were. Its text has a line for each broken one."""


class SourceError(TradewindError):
    """The subscribers' source answered something that the data contract does not allow."""


class SourceUnavailable(SourceError):
    """The source could not be reached; it may be back in a minute."""

    retryable = True


class QualityStop(TradewindError):
    """A table rule failed: the batch is not believed and yesterday's subscribers stay in place."""


class WarehouseBusy(TradewindError):
    """Another process holds the warehouse file; DuckDB allows one writer."""

    retryable = True


class WarehouseOutOfMemory(TradewindError):
    """A statement needs more memory, or more disk to spill to, than DuckDB may take. The same again would fail the same."""


class LedgerUnavailable(TradewindError):
    """The ledger's database does not answer: it restarts, is not reachable, or is locked. It may be back in a minute."""

    retryable = True


class PlanError(TradewindError):
    """A campaign cannot be planned: its segment, template or sender does not hold. Nothing was sent."""


class ContentChanged(PlanError):
    """The template or campaign file was edited after its plan was frozen."""


class PlanDamaged(PlanError):
    """A file of a frozen plan is missing, or is not as it was frozen. Nothing is sent from it."""


class CampaignStopped(TradewindError):
    """SendGrid or an operator stopped a campaign. What was not sent is pending and stays so until it is resumed."""


class PaceHeld(TradewindError):
    """A cap or a window holds back what is pending; it may go later."""

    retryable = True


class FenceLost(TradewindError):
    """This process's lease on a chunk was taken over; it must not write or post again."""


class ConservationBroken(TradewindError):
    """A sum does not hold: somebody was lost or counted twice. Fails the run; never retried away."""


class LedgerBehindJournal(ConservationBroken):
    """The journal beside a plan knows requests that the ledger does not: it was restored from a backup."""


class EspUnavailable(TradewindError):
    """SendGrid gave no usable answer. What was not sent is pending, and nothing depends on an immediate answer."""

    retryable = True


class EdgeUnavailable(TradewindError):
    """The edge's public address did not answer, or cannot record an unsubscribe now: no mail goes out with links to it."""

    retryable = True


class PublishError(TradewindError):
    """The built file did not read back as it was written. The file before it stays published."""


def may_retry(error: BaseException) -> bool:
    """Whether the task that raised `error` may simply be run again.

    Unknown exceptions are retried: every task of Tradewind is safe to run again (each write is a replace or a merge, and
    dispatch posts only what is pending). What is known to be permanent is not.
    """
    if isinstance(error, TradewindError):
        return error.retryable
    return not isinstance(error, (AssertionError, TypeError, NameError, AttributeError, ImportError))
