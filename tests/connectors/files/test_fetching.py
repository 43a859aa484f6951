"""Files from elsewhere, over real sockets: whole copies, or one line that says why not."""

import os
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import paramiko
import pytest

from connectors.files import Limits, SourceError
from connectors.files.fetching import fetch, hide_password, is_url
from connectors.files.stores import show_url

BIG = os.urandom(300_000) * 9


def why(*args, **words):
    with pytest.raises(SourceError) as caught:
        fetch(*args, **words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- what is no source ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://host/a.csv", "https:// is not known; use one of s3://, sftp://"),
        ("ftp://host/a.csv", "ftp:// is not known"),
        ("file:///etc/passwd", "file:///etc/passwd: this file lies here; name its path"),
        ("sftp://me:secret@host/a.csv", "sftp://host/a.csv: the URL holds a password; take it"),
        ("sftp://:secret@host/a.csv", "the URL holds a password"),
        ("sftp://host", "the URL names no file"),
        ("s3:///a.csv", "the URL names no file"),
        ("sftp://[host/a.csv", "this is no URL"),
    ],
)
def test_a_url_that_cannot_be_read(tmp_path, url, said):
    told = why(url, tmp_path / "to", Limits())
    assert said in told
    assert "secret" not in told
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(("scheme", "extra"), [("s3", "s3"), ("sftp", "sftp")])
def test_what_is_not_installed_is_told(tmp_path, monkeypatch, scheme, extra):
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    monkeypatch.setitem(__import__("sys").modules, "paramiko", None)
    said = why(f"{scheme}://bucket/a.csv", tmp_path, Limits())
    assert said.endswith(f"package that is not installed; pip install -e '.[{extra}]'")


def test_what_is_a_url():
    assert is_url("s3://b/a.csv")
    assert is_url("foo://x")
    assert not any(map(is_url, ("a.csv", "/a/b", "C:/a", "in/a:b.csv", "://x", "in/x://y", "")))
    assert show_url("sftp://me:pw@host:22/a?sig=1#x") == "sftp://host:22/a"


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("sftp://me:p@:w@host:22/a@b.csv", "sftp://me:***@host:22/a@b.csv"),
        ("sftp://:pw@host/a", "sftp://:***@host/a"),
        ("sftp://me:p/w@host/a", "sftp://***:***@host/a"),
        ("sftp://me@host:22/a:b@c", "sftp://me@host:22/a:b@c"),
        ("sftp://host:22/a@b", "sftp://host:22/a@b"),
        ("s3://bucket/a:b/c", "s3://bucket/a:b/c"),
    ],
)
def test_a_password_is_not_even_kept(tmp_path, url, hidden):
    assert hide_password(url) == hidden == hide_password(hidden)
    if "***" in hidden:
        assert "the URL holds a password" in why(hidden, tmp_path, Limits())


# --- SFTP ----------------------------------------------------------------------------------------


class Gate(paramiko.ServerInterface):
    def check_channel_request(self, *_):
        return paramiko.OPEN_SUCCEEDED

    def check_auth_password(self, username, password):
        good = (username, password) == ("me", "pass word")
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, _):
        return "password"


class Folder(paramiko.SFTPServerInterface):
    root = Path()
    lies = 0

    def list_folder(self, path):
        return [self._facts(each) for each in (self.root / path.lstrip("/")).iterdir()]

    def _facts(self, path):
        facts = paramiko.SFTPAttributes.from_stat(path.stat(), path.name)
        facts.st_size += self.lies
        return facts

    def stat(self, path):
        try:
            return self._facts(self.root / path.lstrip("/"))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path, flags, _):
        handle = paramiko.SFTPHandle(flags)
        try:
            handle.readfile = (self.root / path.lstrip("/")).open("rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        return handle


@pytest.fixture(scope="session")
def key():
    return paramiko.ECDSAKey.generate()


@pytest.fixture
def sftp(tmp_path, monkeypatch, key):
    """Serve a folder; give it and the address."""
    root = tmp_path / "remote"
    root.mkdir()
    folder = type("Here", (Folder,), {"root": root})

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            transport = paramiko.Transport(self.request)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, folder)
            transport.start_server(server=Gate())
            transport.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port = server.server_address[1]
        known = tmp_path / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
        monkeypatch.setenv("SFTP_KNOWN_HOSTS", str(known))
        monkeypatch.setenv("SFTP_USER", "me")
        monkeypatch.setenv("SFTP_PASSWORD", "pass word")
        yield root, f"sftp://127.0.0.1:{port}", folder
        server.shutdown()


def test_sftp_gives_a_copy_for_its_owner_only(sftp, tmp_path):
    root, address, _ = sftp
    (root / "in").mkdir()
    (root / "in" / "a.csv.gz").write_bytes(BIG)
    told = []
    path = fetch(f"{address}/in/a.csv.gz", tmp_path / "to", Limits(), lambda *n: told.append(n))
    assert path == tmp_path / "to" / "a.csv.gz"
    assert path.read_bytes() == BIG
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["a.csv.gz"]
    assert told[-1] == (len(BIG), len(BIG))
    (root / "empty.csv").touch()
    assert fetch(f"{address}/empty.csv", tmp_path / "to", Limits()).read_bytes() == b""


def test_a_pattern_gives_a_folder(sftp, tmp_path):
    root, address, _ = sftp
    for name in ("a1.csv", "a2.csv", "b.csv", ".a3.csv"):
        (root / name).write_text(name)
    (root / "a4.csv").mkdir()
    folder = fetch(f"{address}/a*.csv", tmp_path / "to", Limits())
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "a1.csv": "a1.csv",
        "a2.csv": "a2.csv",
    }
    assert "no file has such a name" in why(f"{address}/x*", tmp_path / "to", Limits())
    assert "more than 1 files" in why(f"{address}/a*.csv", tmp_path / "to", Limits(members=1))


@pytest.mark.parametrize(
    ("set_", "said"),
    [
        ({"SFTP_PASSWORD": "secret"}, "access is denied; check the credentials in the environment"),
        ({"SFTP_USER": "you"}, "access is denied"),
        ({"SFTP_KNOWN_HOSTS": "/dev/null"}, "the host 127.0.0.1 is not known; compare its key"),
    ],
)
def test_who_is_let_in(sftp, tmp_path, monkeypatch, set_, said):
    root, address, _ = sftp
    (root / "a.csv").write_text("x")
    for name, value in set_.items():
        monkeypatch.setenv(name, value)
    told = why(f"{address}/a.csv", tmp_path, Limits())
    assert said in told
    assert "secret" not in told


def test_the_user_may_stand_in_the_url(sftp, tmp_path, monkeypatch):
    root, address, _ = sftp
    (root / "a.csv").write_text("x")
    monkeypatch.delenv("SFTP_USER")
    url = address.replace("//", "//me@") + "/a.csv"
    assert fetch(url, tmp_path / "to", Limits()).read_text() == "x"


def test_another_key_than_the_known_one_is_refused(sftp, tmp_path):
    root, address, _ = sftp
    (root / "a.csv").write_text("x")
    other = paramiko.ECDSAKey.generate()
    port = address.rpartition(":")[2]
    line = f"[127.0.0.1]:{port} {other.get_name()} {other.get_base64()}\n"
    Path(os.environ["SFTP_KNOWN_HOSTS"]).write_text(line)
    assert "cannot be fetched (BadHostKeyException)" in why(f"{address}/a.csv", tmp_path, Limits())


@pytest.mark.parametrize("lies", [5, -5])
def test_a_file_of_another_size_than_told_is_an_error(sftp, tmp_path, lies):
    root, address, folder = sftp
    (root / "a.csv").write_bytes(BIG)
    folder.lies = lies
    said = why(f"{address}/a.csv", tmp_path / "to", Limits())
    assert "bytes came; run again" in said
    assert list((tmp_path / "to").iterdir()) == []


def test_what_is_not_there_or_too_large(sftp, tmp_path):
    root, address, _ = sftp
    (root / "a.csv").write_bytes(BIG)
    (root / "sub").mkdir()
    to = tmp_path / "to"
    assert why(f"{address}/b.csv", to, Limits()).endswith(
        "b.csv: no such file; check the path of the feed's source"
    )
    assert "more than 1 MB; if that is right" in why(f"{address}/a.csv", to, Limits(1 << 20))
    assert "this is a folder" in why(f"{address}/sub", to, Limits())
    assert not to.exists()


def test_a_host_that_is_not_there(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = why(f"sftp://127.0.0.1:{port}/a.csv", tmp_path, Limits())
    assert "cannot be fetched" in said


# --- S3 ------------------------------------------------------------------------------------------

LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>
<Prefix>{prefix}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>1000</MaxKeys>
<IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"""
ITEM = """<Contents><Key>{key}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>
<ETag>"{size}"</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"""


@pytest.fixture
def s3(monkeypatch):  # noqa: C901  a whole server
    """Serve a bucket; give its content."""
    pytest.importorskip("s3fs")
    bucket = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self.answer(head=True)

        def do_GET(self):
            self.answer()

        def answer(self, *, head=False):
            if "Credential=me/" not in self.headers.get("Authorization", ""):
                return self.reply(403, b"<Error><Code>AccessDenied</Code></Error>", head)
            url = urlsplit(self.path)
            name = url.path.removeprefix("/bucket").lstrip("/")
            if not name:
                prefix = parse_qs(url.query).get("prefix", [""])[0]
                found = sorted(key for key in bucket if key.startswith(prefix))
                items = "".join(ITEM.format(key=key, size=len(bucket[key])) for key in found)
                text = LISTING.format(prefix=prefix, count=len(found), contents=items)
                return self.reply(200, text.encode(), head)
            if name not in bucket:
                return self.reply(404, b"<Error><Code>NoSuchKey</Code></Error>", head)
            data, facts = bucket[name], {"ETag": f'"{len(bucket[name])}"'}
            facts["Last-Modified"] = "Mon, 01 Jan 2024 00:00:00 GMT"
            if wanted := self.headers.get("Range"):
                begin, _, end = wanted.removeprefix("bytes=").partition("-")
                last = min(int(end or len(data)), len(data) - 1)
                facts["Content-Range"] = f"bytes {begin}-{last}/{len(data)}"
                return self.reply(206, data[int(begin) : last + 1], head, **facts)
            return self.reply(200, data, head, **facts)

        def reply(self, status, body, head, **facts):
            self.send_response(status)
            for fact, value in facts.items():
                self.send_header(fact, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not head:
                self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pass")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield bucket
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_s3_gives_copies(s3, tmp_path):
    s3 |= {"in/a.csv": BIG, "in/b.csv": b"b", "in/c.txt": b"c"}
    path = fetch("s3://bucket/in/a.csv", tmp_path / "one", Limits())
    assert path.read_bytes() == BIG
    folder = fetch("s3://bucket/in/*.csv", tmp_path / "two", Limits())
    assert {path.name: path.stat().st_size for path in folder.iterdir()} == {
        "a.csv": len(BIG),
        "b.csv": 1,
    }
    assert "more than 1 MB" in why("s3://bucket/in/*", tmp_path, Limits(1 << 20))


@pytest.mark.slow
def test_s3_says_why_not(s3, tmp_path, monkeypatch):
    s3["a.csv"] = b"a"
    assert "no such file" in why("s3://bucket/b.csv", tmp_path, Limits())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "you")
    said = why("s3://bucket/a.csv", tmp_path, Limits())
    assert "access is denied" in said
    assert "pass" not in said.replace("bypass", "")
