"""A link between two tiers: it has no effect until it is slowed down or cut."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from drills.links import Links


@pytest.fixture
def echo() -> Iterator[str]:
    """A server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(1000):
                    connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


def ask(address: str, seconds: float = 5) -> tuple[bytes, float]:
    """What comes back for a word, and after how long."""
    host, _, port = address.partition(":")
    started = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.sendall(b"word")
        return connection.recv(100), time.monotonic() - started


def test_a_link_carries_waits_and_is_cut_and_mended(echo: str) -> None:
    links = Links()
    try:
        address = links.between("node a", echo)
        other = links.between("node b", echo)
        assert address != other
        assert links.between("node a", echo) == address
        assert ask(address)[0] == b"word"
        with links.slow(0.5, "node"):
            assert ask(address)[1] > 0.4
        with links.cut("node a"):
            with pytest.raises(TimeoutError):
                ask(address, 0.5)
            assert ask(other)[0] == b"word"
        assert ask(address)[0] == b"word"
    finally:
        links.stop()
