"""An address of no use, and a server that refuses or goes away, are told without the password."""

import pytest

from delivery.ledger import LedgerBroken, LedgerError, LedgerLost, State, open_ledger

PASSWORD = "hunter2-9b1f"


def refusal(url: str, kind: type[LedgerError] = LedgerBroken) -> str:
    """Give the one line with which a ledger refuses to open."""
    with pytest.raises(LedgerError) as caught:
        open_ledger(url)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert PASSWORD not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ledger.sqlite",
        "sqlite://",
        "sqlite:///relative.sqlite",
        "sqlite:///:memory:",
        f"mysql://me:{PASSWORD}@host/db",
        f"postgresql://me:{PASSWORD}@host:port{PASSWORD}/db",
        f"postgresql+asyncpg://me:{PASSWORD}@host/db",
    ],
)
def test_a_url_of_no_use(url):
    assert "write sqlite:////absolute/path/ledger.sqlite or postgresql://" in refusal(
        url, LedgerError
    )


def test_a_server_that_is_not_there(server):
    said = refusal(f"postgresql://me:{PASSWORD}@127.0.0.1:9/db", LedgerLost)
    assert "PostgreSQL at 127.0.0.1, db cannot be reached (Connection refused)" in said
    wrong = server.url.replace(PASSWORD, PASSWORD + "x")
    assert "password authentication failed" in refusal(wrong, LedgerError)
    assert "does not exist" in refusal(server.url + "x", LedgerError)


def test_a_user_without_rights(server):
    said = refusal(server.url + "?options=-csearch_path%3Dnobody", LedgerError)
    assert "refuses a statement (SQLSTATE 3F000): check this user's rights" in said


@pytest.mark.slow
def test_a_server_killed_midway_loses_nothing_that_was_told(own_server, make):
    server = own_server()
    with open_ledger(server.url) as ledger:
        ledger.begin(make.load())
        ledger.write([make.entry(1, {"a": "1"}, state=State.SENDING)])
        server.control("-m", "immediate", "stop")
        with pytest.raises(LedgerLost) as lost:
            ledger.write([make.entry(2, {"b": "1"})])
        assert PASSWORD not in str(lost.value)
        server.start()
        with pytest.raises(LedgerLost):
            ledger.loads()
    with open_ledger(server.url) as ledger:
        assert ledger.interrupt("load-1") == 1
        assert [entry.number for entry in ledger.entries("load-1")] == [1]
