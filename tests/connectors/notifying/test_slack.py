"""Slack, as far as its door: a server of ours behind a proxy, with a certificate of ours."""

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.notifying import Notice, NotSent, open_way

HOST = "hooks.slack.com"
SECRETS = ("T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ")
ADDRESS = f"https://{HOST}/services/{'/'.join(SECRETS)}"


def write_certificate(path: Path) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(pem))


@pytest.fixture
def slack(tmp_path, monkeypatch) -> Iterator[tuple[list[str], list[object]]]:
    """Be the proxy, and Slack behind it; give what was posted, and what is answered."""
    certificate = tmp_path / "slack.pem"
    write_certificate(certificate)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(certificate)
    posted: list[object] = []
    answers = ["200 OK"]

    class Proxy(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            assert asked.split()[:2] == [b"CONNECT", f"{HOST}:443".encode()]
            self.wfile.write(b"HTTP/1.1 200 yes\r\n\r\n")
            with trust.wrap_socket(self.connection, server_side=True) as line:
                file = line.makefile("rb")
                path, size = file.readline().split()[1].decode(), 0
                while head := file.readline().strip().lower():
                    if head.startswith(b"content-length:"):
                        size = int(head.split(b":")[1])
                posted.append((path, json.loads(file.read(size))))
                line.sendall(f"HTTP/1.1 {answers[-1]}\r\nContent-Length: 2\r\n\r\nok".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        yield answers, posted
        server.shutdown()
        thread.join()


def test_slack_is_told_over_tls(slack) -> None:
    answers, posted = slack
    way = open_way(ADDRESS)
    notice = Notice("loyalty-etl: members_csv: columns", "new    members_csv", bad=True, facts={})
    way.send(notice)
    ((path, told),) = posted
    assert path == f"/services/{'/'.join(SECRETS)}"
    assert notice.title in json.dumps(told)
    answers.append("403 invalid_token")
    with pytest.raises(NotSent) as failed:
        way.send(notice)
    assert not any(secret in str(failed.value) for secret in SECRETS)
    assert "Slack failed" in str(failed.value)
