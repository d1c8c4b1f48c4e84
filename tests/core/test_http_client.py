"""The HTTP client: URLs are not logged, redirects are not followed, slow responses time out, errors have a root cause."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from include.core.errors import ConfigurationError
from include.core.http_client import client, root_cause


@pytest.fixture
def url() -> Iterator[str]:
    """A server that redirects every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


def test_urls_are_not_logged_and_redirects_are_not_followed(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    with client(5) as http:
        assert http.get(f"{url}/SECRET").status_code == 302
    assert caplog.text == ""


def accept_silently(_server: socket.socket) -> None:
    """The kernel accepts the connection; nothing reads from it."""


def disconnect(server: socket.socket) -> None:
    connection, _ = server.accept()
    connection.recv(65536)
    connection.close()


@pytest.mark.parametrize(
    ("scheme", "answer", "cause"),
    [
        ("http", accept_silently, TimeoutError),
        ("http", disconnect, httpx.RemoteProtocolError),
        ("https", disconnect, ssl.SSLError),
    ],
)
def test_an_error_has_its_root_cause(scheme: str, answer: Callable[[socket.socket], None], cause: type[Exception]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        with client(0.5) as http, pytest.raises(httpx.TransportError) as error:
            http.get(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/")
        assert isinstance(root_cause(error.value), cause)


def test_a_refused_connection_is_the_root_cause_even_inside_an_except_block() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        try:
            raise FileNotFoundError("the error that is being handled")
        except FileNotFoundError:
            with client(5) as http, pytest.raises(httpx.ConnectError) as error:
                http.get(f"http://127.0.0.1:{closed.getsockname()[1]}/")
    assert isinstance(root_cause(error.value), ConnectionRefusedError)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "gopher://127.0.0.1"])
def test_the_error_for_an_unsupported_proxy_does_not_contain_its_url(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ConfigurationError, match="ALL_PROXY") as error:
        client(5)
    assert proxy not in str(error.value)
