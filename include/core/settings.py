"""The TRADEWIND_* environment variables: their types, defaults and documentation.

This is the only module that reads them. Connections (`AIRFLOW_CONN_*`) are read in `include/core/connections.py`.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ByteSize, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.core.errors import ConfigurationError

PREFIX = "TRADEWIND_"
MIN_WAREHOUSE_MEMORY = 100_000_000
_PORT_REMEDY = "Set it to a number from 1 to 65535."


def _size(value: object) -> object:
    """Accept a number with a unit only: ByteSize also takes plain numbers, and ignores text after the unit."""
    if isinstance(value, str) and not re.fullmatch(r"\s*\d+(\.\d+)?\s*[MGT]i?B\s*", value, re.IGNORECASE):
        raise ValueError("not a size")
    return value


Port = Annotated[int, Field(ge=1, le=65_535)]
MemorySize = Annotated[ByteSize, Field(ge=MIN_WAREHOUSE_MEMORY), BeforeValidator(_size)]
TemplateNames = Annotated[
    Literal["default", "quarantine", "keep"], BeforeValidator(lambda value: str(value).strip().lower() or "default")
]


def _field(meaning: str, *, default: str, remedy: str = "") -> Any:
    """Documentation of a setting: the columns of the README's table, and the remedy of its error."""
    return Field(description=meaning, json_schema_extra={"default": default, "remedy": remedy})


class Settings(BaseSettings):
    """Every TRADEWIND_* variable; an empty one counts as unset. None stands for the documented default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    profile: Annotated[
        Literal["embedded", "cluster"],
        _field(
            "`embedded`, or `cluster`: Celery, PostgreSQL and Redis ([Deploy](docs/deploy.md#the-profile-cluster)); "
            "`make … PROFILE=cluster` sets it",
            default="`embedded`",
            remedy="Set it to embedded or cluster.",
        ),
    ] = "embedded"
    data: Annotated[Path | None, _field("data folder", default="`data/`; `data-cluster/` in the profile `cluster`")] = None
    disk_reserve: Annotated[
        MemorySize,
        _field(
            "disk space that plans and backups leave free, for ledger and spool",
            default="`500MB`",
            remedy="Set it to a size with a unit, such as 2GB.",
        ),
    ] = ByteSize(500_000_000)
    airflow_port: Annotated[Port, _field("Airflow's port on 127.0.0.1", default="8080", remedy=_PORT_REMEDY)] = 8080
    edge_port: Annotated[Port, _field("the edge's port on 127.0.0.1", default="8081", remedy=_PORT_REMEDY)] = 8081
    simulator_port: Annotated[Port, _field("the simulator's port on 127.0.0.1", default="8082", remedy=_PORT_REMEDY)] = 8082
    activities_port: Annotated[
        Port, _field("the port of `POST /activities` on 127.0.0.1", default="8083", remedy=_PORT_REMEDY)
    ] = 8083
    postgresql_port: Annotated[
        Port, _field("PostgreSQL's port on 127.0.0.1, in the profile `cluster`", default="8084", remedy=_PORT_REMEDY)
    ] = 8084
    redis_port: Annotated[
        Port, _field("Redis' port on 127.0.0.1, in the profile `cluster`", default="8085", remedy=_PORT_REMEDY)
    ] = 8085
    node: Annotated[
        str, _field("name of this node in Airflow's lists of jobs and tasks; several can share a host", default="the host's")
    ] = ""
    activities_token: Annotated[
        SecretStr | None,
        _field(
            "bearer token of `POST /activities`, at least 32 characters; two, comma-separated, during a rotation",
            default="generated once, in `secrets.json`",
        ),
    ] = None
    webhook_keys: Annotated[
        str,
        _field(
            "public keys of SendGrid's event webhook, base64 DER, comma-separated; an event may be signed with any of them",
            default="the simulator's key",
        ),
    ] = ""
    address_key: Annotated[
        SecretStr | None,
        _field(
            "secret key of the address hashes, hexadecimal (after a rotation all, comma-separated): keep a backup",
            default="generated once, in `secrets.json`",
        ),
    ] = None
    token_keys: Annotated[
        SecretStr | None,
        _field(
            "secret keys of the links in mails, `id:hex,id:hex`; the highest id signs: keep a backup",
            default="generated once, in `secrets.json`",
        ),
    ] = None
    campaigns: Annotated[Path | None, _field("folder of the campaign files", default="`include/campaigns/`")] = None
    journeys: Annotated[Path | None, _field("folder of the journey files", default="`include/journeys/`")] = None
    templates: Annotated[Path | None, _field("folder of the templates", default="`include/templates/`")] = None
    products: Annotated[
        Path | None, _field("folder of the [product catalogue](docs/templates.md#products)", default="`include/products/`")
    ] = None
    shop: Annotated[
        Path | None,
        _field(
            "file with the shop's name, contact address, topics, currency and exchange rates", default="`include/shop.yaml`"
        ),
    ] = None
    seed_addresses: Annotated[
        Path | None,
        _field(
            "file with the [addresses of the team](docs/templates.md#send-it-to-yourself) that get test sends "
            "and the nightly report",
            default="`include/seed_addresses.yaml`",
        ),
    ] = None
    source_sql: Annotated[
        Path | None,
        _field(
            "folder with the SQL files that map a source's names onto the [data contract](docs/data-contract.md)",
            default="none: the source uses the contract's names",
        ),
    ] = None
    sources: Annotated[
        Path | None,
        _field(
            "file that names [several sources](docs/data-contract.md#several-sources) and the precedence of their fields",
            default="none: the one source of the connection `subscribers_source`",
        ),
    ] = None
    template_names: Annotated[
        TemplateNames,
        _field(
            "names that look like a template, such as `{{ name }}`: print the template's `default` for a missing name, "
            "`quarantine` the row, or `keep` them",
            default="`default`",
            remedy="Use one of default, quarantine, keep.",
        ),
    ] = "default"
    warehouse_memory: Annotated[
        MemorySize | None,
        _field(
            "memory limit of DuckDB, such as `2GB`; data beyond it spills to `warehouse/spill` in the data folder",
            default="a quarter of the machine's memory, at least 512 MB, at most 1,200 MB",
            remedy="Write a size of at least 100MB, as in 1500MB or 2GB.",
        ),
    ] = None
    task_memory: Annotated[
        MemorySize | None,
        _field(
            "the most memory that a task may allocate, such as `4GB`; one that needs more fails and says so. Three times "
            "the limit of DuckDB is enough",
            default="no limit",
            remedy="Write a size of at least 100MB, as in 4GB.",
        ),
    ] = None
    telemetry: Annotated[
        bool,
        _field(
            "`on`: export [traces and metrics](docs/observability.md#traces-and-metrics) to `OTEL_EXPORTER_OTLP_ENDPOINT`",
            default="off",
            remedy="Set it to on or off.",
        ),
    ] = False
    name_server: Annotated[
        str,
        Field(
            pattern=r"^(\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?)?$",
            description="name server that the [audit](docs/audit.md) asks, an IPv4 address with or without a port",
            json_schema_extra={"default": "the system's", "remedy": "Write it as 192.0.2.1 or 192.0.2.1:53."},
        ),
    ] = ""
    simulator_speed: Annotated[
        float, Field(gt=0), _field("divisor of the delays with which the simulator's recipients act", default="2")
    ] = 2.0
    clock_offset_seconds: Annotated[float, _field("seconds added to the clock, for tests and drills", default="0")] = 0.0


def settings() -> Settings:
    """The current settings, validated again whenever the environment has changed. Raises `ConfigurationError`."""
    return _validated(tuple(os.environ.get(name) for name in _VARIABLES))


def variable(field: str) -> str:
    """The environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def table() -> str:
    """The settings as a Markdown table, for the README."""
    rows = ["| variable | meaning | default |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{variable(name)}` | {field.description} | {_extra(name)['default']} |")
    return "\n".join(rows)


_VARIABLES = tuple(variable(name) for name in Settings.model_fields)


@lru_cache(maxsize=4)
def _validated(_values: tuple[str | None, ...]) -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = str(problem["loc"][0]).lower()
        remedy = _extra(name)["remedy"] or "Correct it, or unset it for the default."
        what = problem["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"is not valid ({what}).", where=variable(name), remedy=remedy) from None


def _extra(name: str) -> dict[str, str]:
    extra = Settings.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    return {key: str(value) for key, value in extra.items()}
