"""Raw bytes at a running edge: every response is a deliberate one, and the edge keeps answering."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.edge.conftest import Shared

ROUTES = [
    "/events/sendgrid", "/u/x", "/preferences/x", "/confirm/x", "/images/x", "/healthz", "/", "*", "//", "/u/%00", "/%ff",
]  # fmt: skip
HEADERS = [
    "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Expect", "Cookie", "X-Forwarded-For", "Accept-Language",
    "X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp", "Content-Encoding", "Range",
]  # fmt: skip
text = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=40)
values = st.sampled_from(["chunked", "-1", "5", "99999999999", "100-continue"])
header = st.tuples(st.sampled_from(HEADERS) | text, text | values)
path = st.builds("{}{}{}".format, st.sampled_from(ROUTES), st.sampled_from(["", "?l=", "?", "/"]), text)


def request(method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def exchange(url: str, raw: bytes) -> bytes:
    """The first bytes of the response to a request after which the client sends nothing more."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        try:
            return connection.recv(65_536)
        except ConnectionResetError:
            return b""


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.builds(
        request, st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS", "TRACE"]) | text, path,
        st.lists(header, max_size=5), st.binary(max_size=100),
    )
    | st.binary(max_size=200)
)  # fmt: skip
@example(raw=request("POST", "/events/sendgrid", [("Host", "x"), ("Content-Length", "5"), ("Content-Length", "6")], b"[{}]"))
@example(raw=request("POST", "/u/x", [("Host", "x"), ("Transfer-Encoding", "chunked")], b"zz\r\n"))
@example(raw=request("POST", "/preferences/x", [("Host", "x"), ("Content-Type", "multipart/form-data; boundary=")], b"--"))
@example(raw=request("GET", "http://[", [("Host", "[")], b""))
def test_no_request_is_a_server_error(raw: bytes, shared: Shared) -> None:
    answer = exchange(shared.edge.url, raw)
    if answer:
        assert answer.startswith(b"HTTP/1.1 ")
        status = int(answer[9:12])
        assert status < 500 or status in (501, 503, 505), answer[:200]
    assert shared.edge.process.poll() is None


def test_the_edge_still_works_and_logged_no_exception(shared: Shared) -> None:
    assert httpx.get(f"{shared.edge.url}/healthz").status_code == 200
    assert "Traceback" not in shared.edge.logged()
