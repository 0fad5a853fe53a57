"""The cord over TLS, which is what production speaks."""

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from exposurectl.targets.deadline import Cord, CuttableAdapter
from targets.listening import HOST, Listener


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a file with a key and a certificate for this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "both.pem"
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return path


@contextlib.contextmanager
def serving(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Serve one connection until the end of a block, which the event tells."""
    over = threading.Event()
    listener = Listener(lambda connection: serve(connection, over))
    try:
        yield listener.url.replace("http://", "https://")
    finally:
        over.set()
        listener.close()


@pytest.fixture
def dripping(certificate: Path) -> Iterator[str]:
    """Serve TLS: a status line, and then headers without end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket, over: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65_536)
            secured.sendall(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.02):
                secured.sendall(b"X")

    with serving(serve) as url:
        yield url


@pytest.fixture
def greeting() -> Iterator[str]:
    """Serve the beginning of TLS, which never comes to its end."""

    def serve(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00")  # a handshake of 16 KiB follows
        while not over.wait(0.02):
            connection.sendall(b"\x02")

    with serving(serve) as url:
        yield url


def asked(cord: Cord, url: str, certificate: Path) -> float:
    """Return how many seconds a request took until it was cut, whose reply would never end."""
    start = time.monotonic()
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", CuttableAdapter(cord))
        # What a cut looks like depends on where the reader was.
        with contextlib.suppress(requests.RequestException):
            session.get(url, verify=str(certificate), timeout=9)
    return time.monotonic() - start


def test_a_reply_that_drips_over_tls_is_cut(dripping: str, certificate: Path) -> None:
    cord = Cord()

    with cord.cut_after(0.3):
        took = asked(cord, dripping, certificate)

    assert cord.was_cut
    assert 0.25 < took < 4


def test_a_handshake_that_drips_is_cut(greeting: str, certificate: Path) -> None:
    cord = Cord()

    with cord.cut_after(0.3):
        took = asked(cord, greeting, certificate)

    assert cord.was_cut
    assert 0.25 < took < 4


def test_a_connection_that_comes_after_the_deadline_is_cut_at_once(dripping: str, certificate: Path) -> None:
    cord = Cord()

    with cord.cut_after(0.01):
        while not cord.was_cut:
            time.sleep(0.01)
        took = asked(cord, dripping, certificate)

    assert took < 4


def test_a_cord_without_a_connection_can_be_cut() -> None:
    cord = Cord()

    with cord.cut_after(0.01):
        time.sleep(0.1)

    assert cord.was_cut


def test_a_cord_is_not_cut_once_all_is_done() -> None:
    cord = Cord()

    with cord.cut_after(0.05):
        pass
    time.sleep(0.1)

    assert not cord.was_cut
