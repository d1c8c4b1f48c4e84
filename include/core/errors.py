"""Errors with what happened, where, and the remedy.

Every error that Tradewind raises on purpose derives from `TradewindError`. `may_retry` is the one retry classifier: the
Airflow retry policy in `include/orchestration/retries.py` and every retry loop use it.

An error's text may be logged, shown in the Airflow UI and mailed to an operator, so it never contains an address, a
name, a key or row values: only locations (file, line, table, column, subscriber id) and counts.
"""

from __future__ import annotations

SECONDS_TO_UPGRADE_A_HOST = 120.0


class TradewindError(Exception):
    """What went wrong, where, and the remedy.

    `retryable`: the same call is safe to repeat and may succeed. `retry_after`: in how many seconds, if known.
    """

    retryable = False

    def __init__(self, what: str, *, where: str = "", remedy: str = "", retry_after: float | None = None) -> None:
        self.what, self.where, self.remedy, self.retry_after = what, where, remedy, retry_after
        super().__init__(" ".join(part for part in (f"{where}:" if where else "", what, remedy) if part))


class ConfigurationError(TradewindError):
    """A setting, connection or file is wrong. A retry cannot fix it."""


class NewerData(ConfigurationError):
    """Ledger or warehouse is of a newer release than this code; nothing in it was changed.

    While the hosts of a cluster are upgraded one after another, a later try may run on one that has the newer release.
    """

    retryable = True

    def __init__(self, what: str, *, where: str, remedy: str) -> None:
        super().__init__(what, where=where, remedy=remedy, retry_after=SECONDS_TO_UPGRADE_A_HOST)


class SegmentsBroken(ConfigurationError):
    """Some segments could not be built; the others were. The text has one line per broken segment."""


class JourneysBroken(ConfigurationError):
    """Some journeys could not go on; the others did. The text has one line per broken journey."""


class SourceError(TradewindError):
    """The source's answer violates the data contract."""


class SourceUnavailable(SourceError):
    """The source could not be reached; it may be available again soon."""

    retryable = True


class QualityStop(TradewindError):
    """A table rule failed: the batch is rejected and the previous subscribers remain."""


class WarehouseBusy(TradewindError):
    """Another process has the warehouse file open; DuckDB allows one writer."""

    retryable = True


class DiskTooSmall(TradewindError):
    """The work would fill the disk, and was not begun, or ended before it did. A retry fails until there is room."""


class WarehouseOutOfMemory(TradewindError):
    """A statement needs more memory, or more disk for spilling, than DuckDB may use. A retry would fail as well."""


class TaskOutOfMemory(TradewindError):
    """A task needs more memory than its budget, or than there is. A retry would fail as well."""


class LedgerUnavailable(TradewindError):
    """The ledger's database is restarting, unreachable or locked. It may be available again soon."""

    retryable = True


class PlanError(TradewindError):
    """A campaign cannot be planned: its segment, template or sender is invalid. Nothing was sent."""


class SegmentStopped(PlanError):
    """A segment of the campaign is outside the limits of its size, or could not be built. Nothing was sent."""


class ContentChanged(PlanError):
    """The template or campaign file was edited after its plan was frozen."""


class NotApproved(PlanError):
    """The campaign needs an approval, and what would be sent is not what enough people approved. Nothing was sent."""


class PlanDamaged(PlanError):
    """A file of a frozen plan is missing or was changed. Nothing is sent from it."""


class CampaignStopped(TradewindError):
    """SendGrid or an operator stopped a campaign. Unsent messages stay pending until it is resumed."""


class StoppedByOperator(CampaignStopped):
    """An operator paused or cancelled a campaign: what they wanted, so neither a failure nor a reason for an alert."""


class CampaignRunning(TradewindError):
    """A plan is being sent, so its files cannot be changed now; they can be when it has ended or is paused."""

    retryable = True


class ContentReplaced(CampaignRunning):
    """The content of a plan was replaced since this process read it; what is pending is sent with the new one."""


class PaceHeld(TradewindError):
    """A cap or a send window holds pending messages back; they can be sent later."""

    retryable = True


class FenceLost(TradewindError):
    """Another process took over this process's lease on a chunk; it must not write or post again."""


class ConservationBroken(TradewindError):
    """A sum does not match: messages are missing or counted twice. Fails the run and is not retried."""


class ConsentChainBroken(TradewindError):
    """A row of the consent log was changed, removed, inserted or moved since it was recorded."""


class LedgerBehindJournal(ConservationBroken):
    """The journal of a plan contains requests that the ledger lacks: the ledger was restored from a backup."""


class EspUnavailable(TradewindError):
    """SendGrid gave no usable answer. Unsent messages are pending; nothing depends on an immediate answer."""

    retryable = True


class EdgeUnavailable(TradewindError):
    """The edge's public URL does not answer, or cannot record unsubscribes: no mail with links to it is sent."""

    retryable = True


class PublishError(TradewindError):
    """The built file does not contain what was written. The previous file stays published."""


class PlaceUnavailable(PublishError):
    """The place of published builds could not be reached, or lost what was written to it. Readers have the build before."""

    retryable = True


def may_retry(error: BaseException) -> bool:
    """Whether the task that raised `error` should be retried.

    Unknown exceptions are retried: every task is safe to run again (each write is a replace or a merge, and dispatch posts
    only pending messages). Errors that are known to be permanent are not.
    """
    if isinstance(error, TradewindError):
        return error.retryable
    return not isinstance(error, (AssertionError, TypeError, NameError, AttributeError, ImportError))


class ArchiveDamaged(TradewindError):
    """A packed day of the spool's archive cannot be read: its raw events are not what they were."""


class ErasureIncomplete(TradewindError):
    """An erased person is still in a file or table. The text names the places, never the person."""
