"""`python -m operations <command>`: the commands of the Makefile."""

from __future__ import annotations

import argparse
import errno
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from include.core.errors import TradewindError
from operations import cluster
from operations.imports import without_pandas
from operations.progress import Progress
from operations.settings import Installation, read_installation

SUPPRESSION_REASONS = ("hard_bounce", "invalid_address", "manual", "spam_complaint", "unsubscribe")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Expected errors are one line on stderr and a non-zero exit code, without a traceback."""
    chosen = _parser().parse_args(arguments)
    try:
        command: Callable[[Installation, argparse.Namespace], int] = chosen.command
        installation = read_installation()
        if command is not _stop:
            cluster.adopt(installation)
        return command(installation, chosen)
    except TradewindError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
    except KeyboardInterrupt:
        print("interrupted; the services keep running (make stop stops them)", file=sys.stderr)  # noqa: T201
        return 130
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        print(f"error: {error.filename or 'the data folder'}: {error.strerror}.", file=sys.stderr)  # noqa: T201
    except Exception as error:
        if not (reason := _unreachable(error)):
            raise
        print(f"error: {reason}", file=sys.stderr)  # noqa: T201
    return 1


def _unreachable(error: Exception) -> str:
    """Why Airflow could not be asked; empty for any other error. A command that never asks it starts without httpx."""
    if "httpx" not in sys.modules:
        return ""
    import httpx

    from include.core.http_client import root_cause

    if not isinstance(error, httpx.TransportError):
        return ""
    return f"Airflow does not answer ({root_cause(error)}). Runs in progress continue after make up."


def _up(installation: Installation, _chosen: argparse.Namespace) -> int:
    from operations import demo_shop
    from operations.services import uses_external_sendgrid

    progress = Progress()
    demo_shop.start_all(installation, progress.report)
    esp = "" if uses_external_sendgrid(installation) else f"  simulator {installation.simulator_url}"
    edges = f"edge {installation.edge_url}  activities {installation.activities_url}"
    progress.report(f"Airflow {installation.airflow_url}  {edges}{esp}")
    return 0


def _stop(installation: Installation, _chosen: argparse.Namespace) -> int:
    from operations import launcher

    launcher.stop_services(installation, Progress().report)
    return 0


def _run(installation: Installation, _chosen: argparse.Namespace) -> int:
    from operations.demo import run_demo

    return run_demo(installation)


def _trigger(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.trigger import trigger_dag

    return trigger_dag(installation, chosen.dag, chosen.conf)


def _campaign(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.campaign import control_campaign

    return control_campaign(installation, chosen.do, chosen.campaign, chosen.occurrence)


def _journey(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.journey import control_journey

    return control_journey(installation, chosen.do, chosen.journey, chosen.person)


def _privacy(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.privacy import answer_request

    return answer_request(installation, chosen.do)


def _replay(installation: Installation, _chosen: argparse.Namespace) -> int:
    from operations.campaign import replay_into_ledger

    return replay_into_ledger(installation)


def _backup(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.backup import back_up

    return back_up(installation, Path(chosen.to))


def _restore(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.backup import restore

    return restore(installation, Path(chosen.source))


def _health(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.health import check_health

    return check_health(installation, chosen.service)


def _environment(installation: Installation, _chosen: argparse.Namespace) -> int:
    from operations.health import print_environment

    return print_environment(installation)


def _settings(installation: Installation, _chosen: argparse.Namespace) -> int:
    from operations import airflow_settings

    created = airflow_settings.apply(installation)
    Progress().print(f"created {', '.join(created)}" if created else "every pool, connection and variable is there")
    return 0


def _consent(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.consent import control_consent

    return control_consent(installation, chosen.do)


def _evidence(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.evidence import collect_evidence

    return collect_evidence(installation, chosen.email, chosen.subscriber)


def _rotate(installation: Installation, _chosen: argparse.Namespace) -> int:
    from operations.rotation import rotate_address_key

    return rotate_address_key(installation)


def _preview(installation: Installation, chosen: argparse.Namespace) -> int:
    from include.dispatch.preview.model import Choice
    from operations.preview import read_port, show_preview

    choice = Choice(chosen.person or None, chosen.locale or None, chosen.variant or None)
    return show_preview(installation, chosen.campaign, choice, port=read_port(chosen.port), once=bool(chosen.once))


def _suppress(installation: Installation, chosen: argparse.Namespace) -> int:
    from operations.suppress import suppress_addresses

    return suppress_addresses(installation, chosen.reason, sys.stdin)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="operations", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    _command(commands, "up", _up, "start Airflow, edge, activities port and simulator, as far as they are not running")
    _command(commands, "stop", _stop, "stop the services that were started")
    _command(commands, "run", _run, "run the whole pipeline on the demo shop")
    trigger = _command(commands, "trigger", _trigger, "run one DAG through the scheduler and wait")
    trigger.add_argument("dag", help="a DAG id, such as send_newsletter")
    trigger.add_argument("--conf", default="", help="the run's parameters as JSON")
    campaign = _command(commands, "campaign", _campaign, "show, pause, resume or cancel a campaign")
    campaign.add_argument("do", choices=("status", "pause", "resume", "cancel", "confirm-unsent"))
    campaign.add_argument("campaign", help="a campaign id, such as newsletter")
    campaign.add_argument("occurrence", help="such as 2026-W48, 2026-11, 2026-11-24 or once")
    journey = _command(commands, "journey", _journey, "show, pause, resume or cancel a journey, or show a person's way")
    journey.add_argument("do", choices=("status", "pause", "resume", "cancel"))
    journey.add_argument("journey", help="a journey id, such as welcome_series")
    journey.add_argument("--person", default="", help="a subscriber id, whose way is shown")
    privacy = _command(commands, "privacy", _privacy, "export or erase a person; asks for the address")
    privacy.add_argument("do", choices=("export", "erase"))
    _command(commands, "replay", _replay, "replay the journal into a ledger restored from a backup")
    backup = _command(commands, "backup", _backup, "write the whole installation to a new folder")
    backup.add_argument("to", help="the new folder")
    restored = _command(commands, "restore", _restore, "replace the installation by a backup")
    restored.add_argument("source", help="the folder that backup wrote")
    health = _command(commands, "health", _health, "say which services are healthy")
    health.add_argument("service", nargs="?", default="", help="one service, such as scheduler; all without it")
    _command(commands, "environment", _environment, "print the variables that every service needs")
    _command(commands, "settings", _settings, "create the pools, connections and variables that a running Airflow lacks")
    consent = _command(commands, "consent", _consent, "check the consent log")
    consent.add_argument("do", choices=("check", "restore", "accept"))
    suppress = _command(commands, "suppress", _suppress, "suppress the addresses on standard input, one per line")
    suppress.add_argument("reason", choices=SUPPRESSION_REASONS)
    _command(commands, "rotate", _rotate, "replace the address key by a new one, keeping all suppressions")
    preview = _command(commands, "preview", _preview, "show a campaign's mails in the browser")
    preview.add_argument("campaign", help="a campaign id, such as newsletter")
    preview.add_argument("--person", default="", help="a subscriber id")
    preview.add_argument("--locale", default="", help="one of the campaign's locales, such as de")
    preview.add_argument("--variant", default="", help="one of the campaign's variants")
    preview.add_argument("--port", default="", help="the port on loopback")
    preview.add_argument("--once", default="", help="not empty: write the page to a file instead of serving it")
    evidence = _command(commands, "evidence", _evidence, "write the evidence pack of one person")
    evidence.add_argument("--email", help="an address that the person has or had")
    evidence.add_argument("--subscriber", help="the person's id at the source")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, function: Callable[..., int], about: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about)
    parser.set_defaults(command=function)
    return parser


if __name__ == "__main__":
    if sys.argv[1:2] == ["preview"]:
        without_pandas()
        gc.disable()  # Looking for what could be freed takes a fifth of the first page's time; the server does it again.
    sys.exit(main())
