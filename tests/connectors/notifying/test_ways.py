"""Ways to tell: a real mail server, what apprise knows, and what is refused."""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from connectors.notifying import BadAddress, Notice, NotSent, open_way
from connectors.notifying.services import hide

NOTICE = Notice("loyalty-etl: a title", "a body\nof two lines: æøå", bad=True, facts={"a": 1})


class Post(socketserver.StreamRequestHandler):
    """As much of SMTP as it takes to be given a letter."""

    letters: list[str]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                type(self).letters.append(b"".join(lines).decode())
            if word == b"RCPT" and b"nobody" in line:
                self.wfile.write(b"550 no such nobody-9999 here\r\n")
            else:
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")


@pytest.fixture
def mail() -> Iterator[tuple[int, list[str]]]:
    Post.letters = []
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], Post.letters
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_letter_arrives(mail) -> None:
    port, letters = mail
    way = open_way(f"mailto://127.0.0.1:{port}/?from=etl@example.com&to=night@example.com")
    way.send(NOTICE)
    (letter,) = letters
    assert "Subject: loyalty-etl: a title" in letter
    assert "night@example.com" in letter


def test_a_letter_that_is_refused_says_why_without_the_address(mail) -> None:
    port, _ = mail
    way = open_way(f"mailto://127.0.0.1:{port}/?from=etl@example.com&to=nobody-9999@example.com")
    with pytest.raises(NotSent) as failed:
        way.send(NOTICE)
    assert "failed" in str(failed.value)
    assert "nobody" not in str(failed.value)
    assert "nobody" not in repr(way)


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#night",
        "mailtos://etl:s3cr3t@mail.example.com?to=night@example.com",
    ],
)
def test_these_are_known_and_never_shown(address) -> None:
    shown = open_way(address).shown
    assert "Slack" in shown or shown.endswith(" at mail.example.com")
    assert not any(secret in shown for secret in ("s3cr3t", "TIiaj", "T1JJ", "A1BR", "night"))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("mailto://etl:s3cr3t@mail.example.com?to=a@example.com", "in the clear: use mailtos://"),
        ("json://hooks.example/s3cr3t", "in the clear: use jsons://"),
        ("mailtos://etl:s3cr3t@mail.example.com?to=a@example.com&verify=no", "verify=no"),
        ("slack://s3cr3t", "is no address that apprise knows"),
        ("nothing://s3cr3t", "is no address that apprise knows"),
    ],
)
def test_what_is_unsafe_or_unknown_is_refused(address, why, caplog, capfd) -> None:
    with pytest.raises(BadAddress) as refused:
        open_way(address)
    assert why in str(refused.value)
    assert "s3cr3t" not in str(refused.value) + caplog.text + "".join(capfd.readouterr())


def test_what_could_be_a_secret_is_taken_out() -> None:
    address = "mailtos://me%40example.com:p%24ss@mail.example.com/?to=night@example.com"
    said = "mail.example.com: login of me@example.com with p$ss refused for NIGHT"
    assert hide(address, said) == "mail.example.com: login of … with … refused for …"
