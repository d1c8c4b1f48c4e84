"""`make privacy DO=export|erase`: takes the address from the terminal, never from an argument, and runs the DAG."""

from __future__ import annotations

import json
import sys

from include.core import privacy_request
from include.core.privacy_request import Kind
from operations.progress import Progress
from operations.settings import Installation
from operations.trigger import trigger_dag

DAG = "privacy_requests"


def answer_request(installation: Installation, kind: Kind) -> int:
    """Write the request's file and run the DAG for it; 0 if it succeeded. Raises `ConfigurationError` for a bad address.

    The address is read from standard input: arguments are visible to every user of the machine, and kept in histories.
    """
    if sys.stdin.isatty():
        Progress().print(f"address of the person to {kind}:")
    request = privacy_request.create(installation.paths, kind, sys.stdin.readline())
    Progress().print(f"request {request.id}")
    return trigger_dag(installation, DAG, json.dumps({"request": request.id}))
