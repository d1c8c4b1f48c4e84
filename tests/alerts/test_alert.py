"""Alerts are logged, stored and posted without addresses or keys; a failed delivery raises no error."""

from __future__ import annotations

import json
import logging
import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from include.core import clock
from include.core.alert import Alert, Route, deliver, masked
from include.core.alert_channels import Webhook
from include.core.paths import DataPaths
from tests.alerts.receiver import Receiver

ALERT = Alert(
    "campaign-stopped", "send_newsletter: SendGrid refuses the API key", "401: the API key is not valid.",
    "Who was not sent to is pending.", "Set a valid key.", "docs/runbook/campaign-stopped.md#key",
    dag="send_newsletter", run="scheduled__2026-11-24", task="dispatch.send_range", about="scheduled__2026-11-24",
)  # fmt: skip


def stored_alerts(paths: DataPaths) -> list[dict[str, object]]:
    return [json.loads(path.read_bytes()) for path in sorted(paths.alerts.glob("*Z-*.json"))]


def test_alerts_are_logged_stored_and_posted(paths: DataPaths, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    assert deliver(paths, ALERT, receiver.route) == ["webhook"]
    (posted,) = receiver.posted
    (on_disk,) = stored_alerts(paths)
    assert on_disk == {**posted, "posted": ["webhook"]}
    for name in ("title", "happened", "safe", "next_step", "runbook", "severity", "dag", "run", "task", "at", "text"):
        assert posted[name], name
    for part in (ALERT.happened, ALERT.safe, ALERT.next_step, ALERT.runbook):
        assert part in str(posted["text"])
        assert part in caplog.text
    assert "ALERT" in caplog.text


def test_an_alert_is_stored_without_a_url(paths: DataPaths) -> None:
    assert deliver(paths, ALERT) == []
    assert [alert["posted"] for alert in stored_alerts(paths)] == [[]]


@pytest.mark.parametrize("status", [302, 400, 500])
def test_an_error_response_is_logged_and_the_next_alert_is_posted(
    status: int, paths: DataPaths, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = status
    assert deliver(paths, ALERT, receiver.route) == []
    assert f"it answered {status}" in caplog.text
    receiver.status = 200
    assert deliver(paths, replace(ALERT, at=ALERT.at + timedelta(minutes=1)), receiver.route) == ["webhook"]
    assert len(receiver.posted) == 2


def test_a_failed_post_is_logged_without_the_url(paths: DataPaths, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/SECRET", "file:///etc/passwd", "http://[SECRET", "SECRET"):
        assert deliver(paths, ALERT, Route((Webhook(url),))) == []
    assert caplog.text.count("could not be posted by the channel webhook") == 4
    assert "SECRET" not in caplog.text


def test_an_invalid_http_response_is_logged(paths: DataPaths, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        import threading

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"no http\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert deliver(paths, ALERT, Route((Webhook(f"http://127.0.0.1:{server.getsockname()[1]}/"),))) == []
        thread.join()
    assert "RemoteProtocolError" in caplog.text


def test_equal_alerts_are_posted_once_per_hour_and_different_ones_at_once(paths: DataPaths, receiver: Receiver) -> None:
    times = [ALERT.at + timedelta(minutes=minutes) for minutes in (0, 5, 59, 61)]
    assert [deliver(paths, replace(ALERT, at=at), receiver.route) for at in times] == [["webhook"], [], [], ["webhook"]]
    assert deliver(paths, replace(ALERT, at=times[1], about="another run"), receiver.route) == ["webhook"]
    assert deliver(paths, replace(ALERT, at=times[1], kind="quality-stop"), receiver.route) == ["webhook"]
    assert len(stored_alerts(paths)) == 6


def test_an_alert_is_posted_even_if_it_cannot_be_stored(
    paths: DataPaths, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(paths, ALERT)
    (path,) = paths.alerts.glob("*.json")
    path.write_bytes(b'{"posted": tr')
    assert deliver(paths, replace(ALERT, at=ALERT.at + timedelta(seconds=1)), receiver.route) == ["webhook"]
    other = DataPaths(paths.root / "other")
    other.root.mkdir()
    other.alerts.write_text("a file where the folder should be")
    assert deliver(other, ALERT, receiver.route) == ["webhook"]
    assert "could not be stored" in caplog.text


def test_old_alerts_are_deleted(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(paths, ALERT)
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(91 * 86400))
    deliver(paths, replace(ALERT, at=clock.now()))
    assert len(stored_alerts(paths)) == 1


def test_addresses_and_keys_are_masked(paths: DataPaths, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    leaking = replace(
        ALERT, happened="jane.doe+x@example.com: SG.abc-DEF_1.xyz postgresql://u:pw@db/shop", about="jane@e.org"
    )
    deliver(paths, leaking)
    (path,) = paths.alerts.glob("*.json")
    for secret in ("jane", "example.com", "SG.abc", "pw@"):
        assert secret not in path.read_text()
        assert secret not in caplog.text
    assert len(masked("x" * 10_000)) == 3_000
