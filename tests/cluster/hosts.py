"""Hosts of a cluster on one machine: a worker by itself, with a clock of its own, frozen, or behind a cut network.

A frozen host is a worker whose processes are stopped (SIGSTOP). A host behind a network is a worker in a network namespace,
joined to the others by a pair of virtual interfaces, which is what is cut. A host's clock is Tradewind's clock there
(`include/core/clock.py`); Airflow's and the kernel's are those of the machine.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest
from sqlalchemy import select

from include.core.paths import PROJECT
from include.ledger import lease_owner, plans
from include.ledger.tables import chunks
from operations import cluster, launcher, processes
from operations.processes import Record
from operations.services import all_services
from operations.settings import fingerprint, service_environment
from tests.operators.stack import Stack, until

NAMESPACE, NEAR, FAR = "tradewind-host", "tradewind-near", "tradewind-far"
NEAR_ADDRESS, FAR_ADDRESS = "10.213.77.1", "10.213.77.2"
needs_namespaces = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces")


def record_of(stack: Stack, service: str) -> Record:
    """The running process of a service."""
    record = processes.read(stack.installation.paths.services / f"{service}.pid")
    assert record is not None
    return record


def only_worker(
    stack: Stack, worker: str, *, prefix: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> None:
    """Stop all workers, and start one as another host. `Stack.start` starts the others and leaves that one alone."""
    processes.stop([record_of(stack, name) for name in cluster.WORKERS])
    start_as(stack, worker, prefix=prefix, environment=environment)


def start_as(stack: Stack, name: str, *, prefix: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
    """Start a stopped service with a changed command or environment. `Stack.start` leaves it alone."""
    installation, since = stack.installation, datetime.now(UTC)
    service = next(each for each in all_services(installation) if each.name == name)
    common = {**service_environment(installation), **launcher._webhook_keys(installation)}
    expected = fingerprint({**common, **service.environment})
    changed = {**service.environment, **(environment or {})}
    launcher._start(
        installation, replace(service, command=(*prefix, *service.command), environment=changed), common, expected
    )
    until(lambda: service.is_healthy(since), lambda: f"{name} to start")


@contextmanager
def frozen(stack: Stack, worker: str) -> Iterator[None]:
    """Stop the processes of a worker during the block, as a host that is suspended."""
    pids = _session(record_of(stack, worker).pid)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def network(stack: Stack) -> Iterator[None]:
    """A network namespace from which the services are reached on loopback, through a pair of virtual interfaces."""
    installation = stack.installation
    ports = [str(part) for part in (
        installation.airflow_port, installation.edge_port, installation.simulator_port, installation.postgresql_port,
        installation.redis_port,
    )]  # fmt: skip
    inside = ("ip", "netns", "exec", NAMESPACE)
    bridges: list[subprocess.Popen[bytes]] = []
    _ip("netns", "add", NAMESPACE)
    try:
        _ip("link", "add", NEAR, "type", "veth", "peer", "name", FAR, "netns", NAMESPACE)
        _ip("address", "add", f"{NEAR_ADDRESS}/30", "dev", NEAR)
        _ip("link", "set", NEAR, "up")
        _ip("-n", NAMESPACE, "address", "add", f"{FAR_ADDRESS}/30", "dev", FAR)
        for device in ("lo", FAR):
            _ip("-n", NAMESPACE, "link", "set", device, "up")
        forward = (sys.executable, "-m", "tests.cluster.forward")
        bridges.append(subprocess.Popen((*forward, NEAR_ADDRESS, "127.0.0.1", *ports), cwd=PROJECT))
        bridges.append(subprocess.Popen((*inside, *forward, "127.0.0.1", NEAR_ADDRESS, *ports), cwd=PROJECT))
        until(lambda: _listens(NEAR_ADDRESS, installation.redis_port), lambda: "the bridge")
        yield
    finally:
        for bridge in bridges:
            bridge.kill()
            bridge.wait()
        _ip("netns", "delete", NAMESPACE)


@contextmanager
def cut() -> Iterator[None]:
    """Nothing passes between the namespace and the other hosts during the block. Connections stay open on both sides."""
    _ip("link", "set", NEAR, "down")
    try:
        yield
    finally:
        _ip("link", "set", NEAR, "up")


def inside_network() -> tuple[str, ...]:
    """Starts a command in the namespace."""
    return ("ip", "netns", "exec", NAMESPACE)


def await_owner(stack: Stack, campaign: str) -> str:
    """Wait until a request is under way; returns the process that makes it."""
    found: list[str] = []
    open_intent = (chunks.c.plan_id == plans.plan_id_of(campaign, "once"), chunks.c.state == "sending")

    def is_under_way() -> bool:
        with stack.ledger() as ledger, ledger.read() as connection:
            found.extend(connection.scalars(select(chunks.c.lease_owner).where(*open_intent)))
        return bool(found)

    until(is_under_way, lambda: f"a request of {campaign} to be under way")
    return found[0]


def await_end(owner: str) -> None:
    """Wait until a sending process has ended."""
    until(lambda: lease_owner.is_gone(owner), lambda: f"{owner} to end")


def _ip(*arguments: str) -> None:
    subprocess.run(("ip", *arguments), check=True, timeout=30)


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def _session(leader: int) -> list[int]:
    def session(pid: int) -> int:
        try:
            return os.getsid(pid)
        except OSError:
            return -1

    return [pid for pid in psutil.pids() if session(pid) == leader]
