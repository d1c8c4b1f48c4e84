"""Who may do what in Airflow, as far as it can be asked from a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from include.audit.result import Finding, Result, conclude
from include.core.connections import is_loopback

SIMPLE = "SimpleAuthManager"


@dataclass(frozen=True)
class AirflowAccess:
    """Airflow's configuration of access. `users` counts people by role; None if the auth manager cannot be asked."""

    auth_manager: str
    everybody_is_admin: bool
    host: str
    users: Mapping[str, int] | None
    shows_configuration: bool
    encrypts_connections: bool


def check_access(access: AirflowAccess) -> Result:
    """Whether people must log in, and how many may do everything."""
    local = is_loopback(access.host)
    users = access.users or {}
    evidence: dict[str, str | int] = {
        "auth manager": access.auth_manager, "everybody is admin": access.everybody_is_admin,
        "only on this machine": local, "encrypts connections": access.encrypts_connections,
        **{f"users with role {role}": count for role, count in sorted(users.items())},
    }  # fmt: skip
    fine = "People log in, and not everybody may do everything."
    return conclude("airflow_access", evidence, _findings(access, local), fine=fine)


def _findings(access: AirflowAccess, local: bool) -> Iterator[Finding]:
    if access.everybody_is_admin:
        where = "on this machine" if local else "on the network"
        advice = f"Everybody {where} may send without a password. Unset simple_auth_manager_all_admins and name users."
        yield ("warn" if local else "fail"), advice
    elif access.users is None:
        yield "unknown", f"{access.auth_manager} cannot be asked from here. Read its list of users and roles yourself."
    elif access.auth_manager == SIMPLE:
        yield "warn", "SimpleAuthManager is for development. Use an auth manager with accounts, such as FAB, in production."
    if access.shows_configuration:
        yield "warn", "Airflow's UI shows its configuration (expose_config). Switch it off: it has secrets."
    if not access.encrypts_connections:
        yield "warn", "Set a fernet_key: connections that are stored in Airflow are not encrypted."
