"""The tasks of the audit: what it asks of Airflow itself, and where it asks the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf

from include.core.settings import settings
from include.orchestration import alert_route, configuration, runs

if TYPE_CHECKING:
    from include.audit.access import AirflowAccess
    from include.ledger.stores import Stores

Results = list[dict[str, Any]]


def ask(stores: Stores) -> Results:
    """The checks of SendGrid, the DNS, the edge, the files and Airflow's access."""
    from include.audit import checks
    from include.audit.name_server import NameServer

    named = settings()
    outside = checks.Outside(
        account=configuration.account(), edge_url=configuration.edge_url(),
        local_edge_url=f"http://127.0.0.1:{named.edge_port}", name_server=NameServer(named.name_server), access=access(),
    )  # fmt: skip
    return [result.as_json() for result in checks.ask(stores, outside)]


def measure(stores: Stores, dag_run: Any) -> Results:
    """The checks of the list and of the keys."""
    from include.audit import checks

    return [result.as_json() for result in checks.measure(stores, configuration.account(), runs.run_moment(dag_run))]


def record(halves: Iterable[Results | None], dag_run: Any) -> dict[str, int]:
    """Record the results; a half whose task failed has none."""
    from include.audit.record import Audit, record

    audit = Audit(dag_run.dag_id, dag_run.run_id, runs.run_moment(dag_run))
    results = [result for half in halves for result in half or []]
    return record(configuration.paths(), results, audit, alert_route.alert_route())


def access() -> AirflowAccess:
    """Airflow's configuration of access; the users of the simple auth manager by role."""
    from include.audit.access import SIMPLE, AirflowAccess

    manager = conf.get("core", "auth_manager", fallback="").rpartition(".")[2]
    return AirflowAccess(
        auth_manager=manager,
        everybody_is_admin=configuration.has_anonymous_admins(),
        host=conf.get("api", "host", fallback="0.0.0.0"),  # noqa: S104 - Airflow's own default
        users=_simple_users() if manager == SIMPLE else None,
        shows_configuration=conf.get("api", "expose_config", fallback="false").strip().lower() == "true",
        encrypts_connections=bool(conf.get("core", "fernet_key", fallback="")),
    )


def _simple_users() -> Counter[str]:
    """People by role, from `name:role,name:role`."""
    pairs = conf.get("core", "simple_auth_manager_users", fallback="").split(",")
    return Counter(pair.partition(":")[2].strip() for pair in pairs if ":" in pair)
