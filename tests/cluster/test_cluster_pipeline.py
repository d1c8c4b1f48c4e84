"""The end-to-end test of the embedded profile, with Celery, PostgreSQL and Redis: nothing in it knows the profile."""

from __future__ import annotations

import pytest

from operations.settings import Installation
from tests.cluster.environment import needs_servers
from tests.e2e import test_pipeline as embedded

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(3600), needs_servers]


def test_a_second_run_mails_nobody_on_a_cluster(small_cluster: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    embedded.test_a_second_run_mails_nobody(small_cluster, capsys)
