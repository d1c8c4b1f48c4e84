"""The name of this node. Airflow calls `node_name` for its lists of jobs and tasks (`[core] hostname_callable`)."""

from __future__ import annotations

import socket

from include.core.settings import settings


def node_name() -> str:
    """`TRADEWIND_NODE`, else the host's name. In the profile `cluster` several nodes share this machine."""
    return settings().node or socket.gethostname()
