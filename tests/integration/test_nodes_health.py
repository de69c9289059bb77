"""A node reports a disk that it cannot write, and it refuses an origin that it cannot trust."""

import contextlib
import datetime
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.serving.nodes import Node, NodeError
from tests.integration.node_bench import (
    BUCKET,
    FILM,
    FOLDER,
    MB,
    USER_DATA,
    Origin,
    ask,
    content,
    make_node,
    running,
    small_disk,
)
from tests.waiting import eventually


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "node", 24) as disk:
        yield disk


def test_a_full_disk_makes_a_node_unhealthy_until_there_is_room(origin: Origin, tmp_path: Path, disk: Path) -> None:
    with running(make_node(origin, tmp_path / "node")) as node:
        assert ask(node, "/healthz").status == 200
        cached = ask(node, FILM).body
        # nginx sends the last byte before it moves the file into the cache.
        assert eventually(lambda: ask(node, FILM).cache == "HIT")
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass

        assert ask(node, "/healthz").status == 500
        assert ask(node, FILM).body == cached, "what it has, it still serves"

        filler.unlink()
        assert ask(node, "/healthz").status == 200


def test_a_full_disk_cuts_no_answer_off(origin: Origin, tmp_path: Path, disk: Path) -> None:
    paths = [f"{FOLDER}/index_v720p_{number:09}.cmfv" for number in range(20)]
    origin.objects |= {BUCKET + path: content(8 * MB, seed=number) for number, path in enumerate(paths)}
    with running(make_node(origin, tmp_path / "node")) as node:
        for path in paths[:10]:
            assert ask(node, path).body == origin.objects[BUCKET + path]
        free = os.statvfs(disk)
        assert free.f_bavail * free.f_frsize < 17 * MB, "it was never put to the test"
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(ask, [node] * 10, paths[10:]))
        for path, answer in zip(paths[10:], answers, strict=True):
            assert (answer.status, answer.cache) == (200, "BYPASS")
            assert answer.body == origin.objects[BUCKET + path]
        part = ask(node, paths[10], Range="bytes=5-9")
        assert (part.status, part.body) == (206, origin.objects[BUCKET + paths[10]][5:10])


def test_a_worker_that_is_frozen_is_replaced(origin: Origin, tmp_path: Path) -> None:
    with running(make_node(origin, tmp_path / "node")) as node:
        assert ask(node, FILM).status == 200
        children = Path(f"/proc/{node.pid}/task/{node.pid}/children")
        workers = [
            int(child)
            for child in children.read_text().split()
            if b"worker process" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
        os.kill(workers[0], signal.SIGSTOP)
        assert eventually(lambda: str(workers[0]) not in children.read_text().split())
        for _ in range(40):
            assert ask(node, FILM, timeout=5).status == 200
        left = [worker for worker in workers[1:] if str(worker) not in children.read_text().split()]
        assert not left, "a worker that was well was killed"
        assert f"worker {workers[0]} is frozen" in (tmp_path / "node/logs/watch.log").read_text()


def test_a_read_only_disk_makes_a_node_unhealthy(origin: Origin, tmp_path: Path, disk: Path) -> None:
    with running(make_node(origin, tmp_path / "node")) as node:
        assert ask(node, "/healthz").status == 200
        # The mount is "busy" while nginx still writes the file of the last check.
        remount = ["mount", "-o", "remount,ro", str(disk)]
        assert eventually(lambda: subprocess.run(remount, capture_output=True, check=False).returncode == 0)
        assert ask(node, "/healthz").status == 500


def test_a_disk_that_is_gone_makes_a_node_unhealthy(origin: Origin, tmp_path: Path) -> None:
    with running(make_node(origin, tmp_path / "node")) as node:
        assert ask(node, "/healthz").status == 200
        shutil.rmtree(tmp_path / "node" / "disk")
        assert ask(node, "/healthz").status == 500


def test_the_health_check_costs_the_origin_nothing(origin: Origin, tmp_path: Path) -> None:
    with running(make_node(origin, tmp_path / "node")) as node:
        answer = ask(node, "/healthz")
        assert (answer.status, answer.body) == (200, b"ok\n")
    assert not origin.requests


def test_a_node_that_cannot_start_says_why(origin: Origin, tmp_path: Path) -> None:
    node = make_node(origin, tmp_path / "node")
    broken = Node(replace(node.site, access_log=tmp_path), USER_DATA)
    with pytest.raises(
        NodeError, match=rf"(?s){node.site.instance_id} did not become healthy:.*{tmp_path}.*Is a directory"
    ):
        broken.start()
    assert not broken.alive()


class Authority:
    """A certificate authority of one test."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._key = directory, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        self.path = directory / "authority.pem"
        ca = x509.BasicConstraints(ca=True, path_length=None)
        self.path.write_bytes(self._sign(self._name, self._key.public_key(), ca))

    def certify(self, name: str) -> Path:
        """A file with a certificate for a host and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key.public_key(), x509.SubjectAlternativeName([x509.DNSName(name)]))
        path = self._directory / f"{name}.pem"
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        path.write_bytes(certificate + key.private_bytes(encoding, form, serialization.NoEncryption()))
        return path

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        certificate = builder.add_extension(extension, critical=True).sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("name", "known", "status"), [("localhost", True, 200), ("elsewhere.example", True, 502), ("localhost", False, 502)]
)
def test_an_origin_is_believed_only_for_its_own_name_and_from_a_known_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, known: bool, status: int
) -> None:
    # Reads of S3 are not signed, so only its certificate proves that it is S3.
    authority, asked = Authority(tmp_path), list[str | None]()
    if known:
        monkeypatch.setattr(certifi, "where", lambda: str(authority.path))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.certify(name))
    tls.sni_callback = lambda _socket, server_name, _context: asked.append(server_name)
    origin = Origin(objects={BUCKET + FILM: content(MB)}, tls=tls)
    origin.start()
    try:
        with running(make_node(origin, tmp_path / "node")) as node:
            assert ask(node, FILM).status == status
    finally:
        origin.stop()
    assert set(asked) == {"localhost"}
