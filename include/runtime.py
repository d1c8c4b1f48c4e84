"""From Airflow's connections, variables and context to plain configuration. The only other module here that knows Airflow.

Everything heavy is imported inside functions: DAG files import this module whenever they are parsed.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, CronTriggerTimetable, RetryDecision, RetryPolicy, task
from croniter import croniter

from include.core.errors import ConfigurationError, may_retry
from include.orchestration.notifications import TellAPerson
from include.orchestration.tags import Tag

if TYPE_CHECKING:
    from include.core.campaign import Campaign
    from include.core.connections import SendGridAccount
    from include.core.pace import AccountPace
    from include.core.paths import DataPaths
    from include.core.secrets import Secrets
    from include.ledger.database import Ledger

log = logging.getLogger(__name__)

EDGE_URL_VARIABLE, EDGE_URL = "edge_public_url", "https://mail.tradewind.example"
OVERLAP_VARIABLE, OVERLAP_MINUTES = "extract_overlap_minutes", 60
FIRST_TICK_GRACE = timedelta(seconds=30)
SEND_FORM: dict[str, dict[str, Any]] = {
    "mode": {
        "default": "preview", "enum": ["preview", "test", "live"], "title": "Mode",
        "description": "preview sends nothing; test sends to the recipients below; live sends to the segment.",
    },
    "test_recipients": {
        "default": [], "type": ["array", "null"], "items": {"type": "string", "pattern": r"^[^@\s]{1,200}$"}, "maxItems": 50,
        "title": "Test recipients",
        "description": "Subscriber ids, one a line. Never addresses: they would stay in Airflow's database.",
    },
    "occurrence": {
        "default": None, "type": ["string", "null"], "pattern": r"^[A-Za-z0-9-]{1,40}$", "title": "Occurrence",
        "description": "Live only: go on with an earlier occurrence's plan, such as 2026-W48. Empty is the current one.",
    },
    "note": {
        "default": "", "type": ["string", "null"], "maxLength": 500, "title": "Note",
        "description": "Why this run; shown to whoever looks.",
    },
}  # fmt: skip
_RETRY_DELAYS = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2))
# A process that was killed, or never came to its work, raised nothing that the policy could judge.
_AFTER_A_KILL = {
    "retry_delay": timedelta(seconds=10), "retry_exponential_backoff": 2, "max_retry_delay": timedelta(minutes=5),
}  # fmt: skip


class RetryWhatMayBeRetried(RetryPolicy):
    """Asks `include.core.errors.may_retry`, the one classifier, and waits longer each time."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        if not may_retry(exception):
            return RetryDecision.fail(f"{type(exception).__name__} cannot be mended by trying again")
        delay = _RETRY_DELAYS[min(try_number, len(_RETRY_DELAYS)) - 1]
        if seconds := getattr(exception, "retry_after", None):
            delay = timedelta(seconds=seconds)
        return RetryDecision.retry(delay, f"{type(exception).__name__} may pass")


def task_defaults(owner: str) -> dict[str, Any]:
    """`default_args` of every DAG."""
    return {
        "owner": owner, "retries": 3, "retry_policy": RetryWhatMayBeRetried(), "on_failure_callback": [TellAPerson()],
        **_AFTER_A_KILL,
    }  # fmt: skip


def timetable(cron: str, *, covers: timedelta = timedelta(), rare: bool = False) -> CronTriggerTimetable:
    """Runs at each tick (UTC), for the `covers` before it; never at once because somebody unpaused the DAG.

    A run missed while the scheduler was down is made up once. Where ticks are `rare`, a grace keeps the very first from
    being lost when the file happens to be parsed again between the tick and the scheduler's look.
    """
    if not croniter.is_valid(cron):
        raise ConfigurationError(f"schedule: '{cron}' is no cron expression.", remedy="Write five fields, as in 0 9 * * 2.")
    at_once = FIRST_TICK_GRACE if rare else False
    return CronTriggerTimetable(cron, timezone="UTC", interval=covers, run_immediately=at_once)


def paths() -> DataPaths:
    """The data folder."""
    from include.core.paths import data_paths

    return data_paths()


def account_pace() -> AccountPace:
    """The account's limits, from the variables `account_messages_per_second`, `account_daily_cap`, `warmup_started_on`
    (ISO date) and `warmup_ips`; what is unset or empty is no limit. Raises `ConfigurationError` for anything else.
    """
    from include.core.pace import AccountPace

    def read(name: str, kind: Callable[[str], Any]) -> Any:
        text = str(_variable(name, "") or "").strip()
        try:
            return kind(text) if text else None
        except ValueError:
            raise ConfigurationError(f"'{text[:40]}' is not valid.", where=f"variable {name}", remedy="Mend it.") from None

    return AccountPace(
        messages_per_second=read("account_messages_per_second", float),
        daily_cap=read("account_daily_cap", int),
        warmup_started_on=read("warmup_started_on", date.fromisoformat),
        warmup_ips=read("warmup_ips", int) or 1,
    )


def has_email_activity() -> bool:
    """Whether the variable `email_activity` says that the account pays for the Email Activity API."""
    return str(_variable("email_activity", "")).strip().lower() == "on"


def secrets() -> Secrets:
    """The keys of the address hash and of the unsubscribe links."""
    from include.core.secrets import load_secrets

    return load_secrets(paths())


@contextmanager
def ledger() -> Iterator[Ledger]:
    """The ledger, open for the length of a task.

    Its connection comes from the environment alone: the edge reads it too and asks no Airflow, and an unsubscribe that went
    into another ledger than the one that dispatch reads would not be in force.
    """
    from include.core.connections import LEDGER, environment_text, ledger_url
    from include.ledger.database import open_ledger

    stored = None if environment_text(LEDGER) else _stored(LEDGER)
    if stored and _resolved(LEDGER, stored) != ledger_url(paths()):
        raise ConfigurationError(
            "is set in Airflow, where the edge cannot see it.",
            where=f"connection {LEDGER}",
            remedy=f"Set AIRFLOW_CONN_{LEDGER.upper()} in the environment of every service, and delete the stored one.",
        )
    opened = open_ledger(ledger_url(paths()), secrets())
    try:
        yield opened
    finally:
        opened.close()


def source_url() -> str:
    """Where subscribers come from: the environment, else Airflow's connection, else the demo shop."""
    from include.core.connections import SOURCE, database_url, environment_text

    text = environment_text(SOURCE)
    if text:
        return database_url(SOURCE, text)
    stored = _stored(SOURCE)
    return _resolved(SOURCE, stored) if stored else f"sqlite:///{paths().demo / 'shop.sqlite'}"


def account() -> SendGridAccount:
    """Where to send. Without a key: the simulator, and the log says so."""
    from include.core.connections import SENDGRID, environment_text, is_loopback, sendgrid_account

    text = environment_text(SENDGRID)
    if text:
        return sendgrid_account(text)
    stored = _stored(SENDGRID) or {}
    host = str(stored.get("host") or "")
    if stored.get("password"):
        return sendgrid_account(_as_json(stored))
    if host and not is_loopback(host):
        return sendgrid_account(_as_json(stored))
    return _simulator()


def edge_url() -> str:
    """The base of unsubscribe and preference links; a placeholder where it is unset, which only a simulator is sent."""
    return str(_variable(EDGE_URL_VARIABLE, EDGE_URL) or EDGE_URL).strip().rstrip("/")


def extract_overlap() -> timedelta:
    """How far behind the watermark an incremental extract begins."""
    return timedelta(minutes=float(_variable(OVERLAP_VARIABLE, OVERLAP_MINUTES)))


def run_moment(dag_run: Any) -> datetime:
    """The moment that a run is about: its tick where it is scheduled, when it was asked for where not.

    `logical_date` may be None (asset-triggered and manual runs), so `run_after` is what every run has.
    """
    return dag_run.run_after.astimezone(UTC)


def run_mode(dag_run: Any, params: Mapping[str, Any]) -> Any:
    """preview, test or live. A scheduled run is live; anything else is what its form says, and the form says preview."""
    return "live" if is_scheduled(dag_run) else params["mode"]


def is_scheduled(dag_run: Any) -> bool:
    """Whether the timetable made this run, and nobody by hand, by an asset or as a backfill."""
    return getattr(dag_run.run_type, "value", dag_run.run_type) == "scheduled"


def campaign_page(campaign: Campaign, how: str) -> str:
    """What the UI shows of a campaign's DAG: its file's facts, then how sending works."""
    schedule = f"`{campaign.schedule}` (UTC)" if campaign.schedule else "by hand only"
    return (
        f"### {campaign.name}\n\n**Purpose.** {campaign.purpose}\n\n"
        f"**Who and when.** Segment `{campaign.segment}`, template `{campaign.template}`, schedule {schedule}, "
        f"one message a person per `{campaign.occurrence}`. Owner: {campaign.owner}.\n\n{how.strip()}\n"
    )


def broken_campaign(name: str, error: ConfigurationError) -> DAG:
    """The DAG of a campaign file that cannot be read: it stands in the UI, says where the file is wrong, and sends nothing.

    An error raised while parsing would take every other campaign's DAG with it. It fails each hour, if the campaign was
    switched on: a person is told, instead of nothing being sent at the campaign's own time.
    """
    message = str(error)
    with DAG(
        dag_id=f"send_{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}", dag_display_name=f"BROKEN: {name}",
        schedule=timetable("0 * * * *"), catchup=False, max_active_runs=1, tags=[Tag.SENDS, Tag.BROKEN],
        default_args={"owner": "nobody", "on_failure_callback": [TellAPerson()]},
        doc_md=f"### The campaign file is wrong\n\n{message}\n\nUntil it is mended this campaign sends nothing; others do.",
    ) as dag:  # fmt: skip

        @task(retries=0, doc_md=message)
        def campaign_file():
            raise ConfigurationError(message)

        campaign_file()
    return dag


def _simulator() -> SendGridAccount:
    from include.core.connections import SendGridAccount

    port = os.environ.get("TRADEWIND_SIMULATOR_PORT") or "8082"
    log.warning("NO SENDGRID KEY IS SET: mail goes to the simulator on 127.0.0.1:%s and to nobody else", port)
    return SendGridAccount(f"http://127.0.0.1:{port}", "SG.simulator")


def _stored(connection_id: str) -> dict[str, Any] | None:
    """A connection's fields as Airflow stores it; None where it has none."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = Connection.get(connection_id)
    except AirflowNotFoundException:
        return None
    names = ("conn_type", "host", "schema", "login", "password", "port", "extra")
    return {name: getattr(found, name, None) for name in names}


def _resolved(connection_id: str, fields: Mapping[str, Any]) -> str:
    """A stored connection as a URL; a relative path of SQLite is relative to the data folder."""
    from include.core.connections import url_of_fields

    url = url_of_fields(connection_id, fields)
    prefix, _, path = url.partition(":///")
    return f"sqlite:///{paths().root / path}" if prefix == "sqlite" and not path.startswith("/") else url


def _as_json(fields: Mapping[str, Any]) -> str:
    import json

    return json.dumps({name: value for name, value in fields.items() if value and name != "extra"})


def _variable(name: str, default: Any) -> Any:
    from airflow.sdk import Variable

    return Variable.get(name, default=default)  # noqa: AIR003 - tasks call it, parsing does not
