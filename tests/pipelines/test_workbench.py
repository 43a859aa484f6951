"""The workbench over a real socket: who is let in, what is kept, and what becomes of answers."""

import os
import re
import stat
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from pipelines.workbench import app, drafts
from pipelines.workbench.answering import AnswerError
from pipelines.workbench.child import run_apart
from pipelines.workbench.drafts import find_draft, forget_drafts, list_drafts, safe_name
from pipelines.workbench.jobs import Jobs
from pipelines.workbench.saving import save_feed
from pipelines.workbench.serving import open_server

MEMBERS = "Kundenr;Fornavn;Etternavn;Mobil;Mobil 2;Ref;Født\n" + "".join(
    f"{1000 + n};Kari<b>;Hansen;+479{n:07};+474{n:07};A-{n:05};0{1 + n % 9}.02.1980\n"
    for n in range(30)
)
RECEIPTS = "Bong;Tid;Vare;Antall;Beløp\n" + "".join(
    f"{n};2024-01-31T14:5{n % 10}:00;7038{n};1;12,50\n" for n in range(30)
)


class Bench:
    """A browser of the workbench, as far as forms go."""

    def __init__(self, address: str) -> None:
        self.root = address.partition("/?")[0]
        self.http = httpx.Client(base_url=self.root, trust_env=False, headers={"origin": self.root})
        assert self.http.get(address).status_code == 303
        self.key = self.find('name="key" value="([^"]+)"', self.http.get("/").text)

    @staticmethod
    def find(pattern: str, text: str) -> str:
        found = re.search(pattern, text)
        assert found, text
        return found[1]

    def post(self, path: str, files=None, **words: str) -> httpx.Response:
        return self.http.post(path, data={"key": self.key, **words}, files=files)

    def drop(self, text: str = MEMBERS, name: str = "kunder.csv") -> drafts.Draft:
        answer = self.post("/upload", {"file": (name, text.encode())})
        assert answer.status_code == 303, answer.text
        draft = find_draft(answer.headers["location"].rpartition("/")[2])
        assert draft is not None
        return draft

    def page(self, draft: drafts.Draft, page: str = "") -> str:
        """Give a page, as soon as what it waits for is done."""
        answer = self.http.get(f"/drafts/{draft.id}{page}")
        while "refresh" in answer.headers:
            time.sleep(0.1)
            answer = self.http.get(f"/drafts/{draft.id}{page}")
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def served() -> Iterator[str]:
    """A server that answers; the address that was printed."""
    with open_server() as serving:
        thread = threading.Thread(target=serving.run)
        thread.start()
        try:
            yield serving.address
        finally:
            serving.stop()
            thread.join()


@pytest.fixture
def bench(served) -> Iterator[Bench]:
    browser = Bench(served)
    yield browser
    browser.http.close()


def test_only_the_address_that_was_printed_lets_in(served) -> None:
    root = served.partition("/?")[0]
    for path in ("/", "/drafts/0123456789abcdef", "/?token=", "/?token=wrong"):
        assert httpx.get(root + path, trust_env=False).status_code == 403
    answer = httpx.get(served, trust_env=False)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert served.partition("token=")[2] not in cookie + answer.headers["location"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_name_that_another_site_leads_here_is_refused(bench) -> None:
    answer = bench.http.get("/", headers={"host": f"evil.example:{httpx.URL(bench.root).port}"})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_a_form_of_another_page_changes_nothing(bench, headers) -> None:
    file = {"file": ("kunder.csv", MEMBERS.encode())}
    answer = bench.http.post("/upload", data={"key": bench.key}, files=file, headers=headers)
    assert answer.status_code == 403
    assert list_drafts() == []


def test_a_form_without_the_key_changes_nothing(bench) -> None:
    file = {"file": ("kunder.csv", MEMBERS.encode())}
    for key in ("", "wrong"):
        assert bench.http.post("/upload", data={"key": key}, files=file).status_code == 403
    assert list_drafts() == []


def test_a_file_is_bounded_however_it_is_sent(monkeypatch) -> None:
    monkeypatch.setattr(app, "MOST_BYTES", 1 << 20)
    with open_server() as serving:
        thread = threading.Thread(target=serving.run)
        thread.start()
        small = Bench(serving.address)
        large = {"file": ("kunder.csv", b"a" * (6 << 20))}
        request = small.http.build_request("POST", "/upload", data={"key": small.key}, files=large)
        told = small.http.send(request)
        del request.headers["content-length"]
        request = small.http.build_request(
            "POST", "/upload", content=iter([request.read()]),
            headers={"content-type": request.headers["content-type"]},
        )  # fmt: skip
        untold = small.http.send(request)
        small.http.close()
        serving.stop()
        thread.join()
    assert [told.status_code, untold.status_code] == [413, 413]
    assert "loyalty-etl guess FILE" in told.text
    assert list_drafts() == []


def test_what_is_kept_is_private_and_goes_with_the_draft(bench, state) -> None:
    draft = bench.drop(name="../../åre t*.csv")
    assert draft.name == "re_t_.csv"
    bench.page(draft)
    for path in (state / "workbench").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert bench.post(f"/drafts/{draft.id}/discard").status_code == 303
    assert not draft.folder.exists()


@pytest.mark.parametrize(
    ("name", "safe"), [("", "file"), ("..", "file"), ("C:\\a\\b c.csv", "b_c.csv"),
                       ("x" * 200 + ".csv", "x" * 96 + ".csv"), ("../.env", "env")],
)  # fmt: skip
def test_names_of_files_are_made_safe(name, safe) -> None:
    assert safe_name(name) == safe


def test_drafts_are_forgotten_when_they_are_old(bench) -> None:
    old, new = bench.drop(), bench.drop()
    week = time.time() - 8 * 86_400
    os.utime(old.folder / "draft.json", (week, week))
    assert forget_drafts() == 1
    assert list_drafts() == [new]


def test_a_person_is_forgotten_with_every_draft(bench, cli_here) -> None:
    draft = bench.drop()
    assert "draft.json" in cli_here("forget", "--key", "1001", "--dry-run").out
    assert cli_here("forget", "--key", "1001", "--yes").code == 0
    assert not draft.folder.exists()


def test_what_is_no_data_is_refused_in_one_line(bench, state) -> None:
    answer = bench.post("/upload", {"file": ("a.csv", b"<html><table></table></html>")})
    assert answer.status_code == 400
    assert "a.csv: is a web page, not data" in answer.text
    assert str(state) not in answer.text
    assert list_drafts() == []


def test_one_column_is_mended_and_the_rest_stays_guessed(bench) -> None:
    draft = bench.drop()
    page = bench.page(draft)
    assert "Kari&lt;b&gt;" in page
    assert "Kari<b>" not in page
    words = {"column-4": "mobilePhone", "values.decimal": ","}
    assert bench.post(f"/drafts/{draft.id}", **words).status_code == 303
    draft = find_draft(draft.id)
    assert draft.answers.columns == {"Mobil 2": "mobilePhone"}
    assert draft.answers.values == {"decimal": ","}
    page = bench.page(draft)
    assert "mobilePhone: Mobil 2 " in page
    assert "decimal: &#34;,&#34;\n" in page
    assert bench.post(f"/drafts/{draft.id}", **{"column-4": ""}).status_code == 303
    assert find_draft(draft.id).answers.columns == {}


def test_two_columns_for_one_field_are_refused(bench) -> None:
    draft = bench.drop()
    words = {"column-3": "email", "column-4": "email"}
    answer = bench.post(f"/drafts/{draft.id}", **words)
    assert answer.status_code == 400
    assert "2 columns are the e-mail: choose one of them" in answer.text
    assert find_draft(draft.id).answers.columns == {}


def test_the_whole_file_is_checked_and_shown_before_and_after(bench) -> None:
    draft = bench.drop(MEMBERS.replace("+4790000003", "+47123"))
    page = bench.page(draft, "/check")
    assert "29 of 30 members would be sent." in page
    assert "Not a complete phone number: 1 row" in page
    assert "<code>+47123</code>" in page
    assert f"/drafts/{draft.id}#column-3" in page
    assert "1980-02-01" in page
    assert "POST /import" in page


def test_what_no_column_has_is_written_by_hand(bench) -> None:
    draft = bench.drop(RECEIPTS, "salg.csv")
    assert 'name="constant-Header.StoreId"' in bench.page(draft)
    said = {"constant-Header.StoreId": "017", "constant-Items.LineNo": "1",
            "receipts.vat_percent": "15", "constant-Header.Currency": "NOK"}  # fmt: skip
    assert bench.post(f"/drafts/{draft.id}", **said, then="check").status_code == 303
    page = bench.page(draft, "/check")
    assert "All 30 receipts would be sent." in page
    assert "&#34;Currency&#34;:&#34;NOK&#34;" in page
    answer = bench.post(f"/drafts/{draft.id}", **{"receipts.vat_percent": "much"})
    assert "VAT: &#39;much&#39; is no number such as 25" in answer.text


def test_a_feed_is_saved_and_never_one_of_others_overwritten(bench, tmp_path, state) -> None:
    draft = bench.drop()
    feeds, source = tmp_path / "feeds", str(state / "in" / "kunder.csv")
    feeds.mkdir()
    (feeds / "theirs").mkdir()
    (feeds / "theirs" / "defs.yaml").write_text("theirs\n")
    for name, why in (("theirs", "is there already"), ("nightly", "is no feed's name"),
                      ("../x", "is no feed's name")):  # fmt: skip
        with pytest.raises(AnswerError, match=why):
            save_feed(draft, name, source, feeds=feeds)
    assert (feeds / "theirs" / "defs.yaml").read_text() == "theirs\n"
    draft = save_feed(draft, "partner", source, "Members of a partner", feeds=feeds)
    file = feeds / "partner" / "defs.yaml"
    assert f"path: {source}" in file.read_text().replace('"', "")
    assert "description: Members of a partner" in file.read_text()
    draft = save_feed(draft, "partner", source, feeds=feeds)
    file.write_text(file.read_text() + "# by hand\n")
    with pytest.raises(AnswerError, match="changed since it was saved here"):
        save_feed(draft, "partner", source, feeds=feeds)
    assert save_feed(draft, "partner", source, feeds=feeds, overwrite=True).feed == "partner"


@pytest.mark.slow
def test_a_load_that_is_stopped_ends_in_good_order(api, faults, quick_feed, run) -> None:
    faults({"fault": "hang", "path": "/transactions", "seconds": 0.2, "stored": "all"})
    feed, jobs = quick_feed(receipts=1), Jobs()
    job = jobs.start("draft", "load", lambda job: run_apart(job, str(feed)))
    until = time.monotonic() + 60
    while api.facts()["receipts"] < 3 and time.monotonic() < until:
        time.sleep(0.1)
    assert jobs.start("draft", "load", lambda _: None) is job  # one at a time
    jobs.end()
    stopped = job.result
    assert (stopped.state, stopped.resumable, job.step.name) == ("failed", True, "sending")
    assert "told to stop" in stopped.error
    assert 3 <= api.facts()["receipts"] == stopped.accepted_records < 89
    faults()
    assert run(feed).exit_code == 0
    assert api.facts()["receipts"] == 89


@pytest.mark.slow
def test_a_run_that_cannot_be_begun_says_why_in_one_line() -> None:
    jobs = Jobs()
    job = jobs.start("draft", "plan", lambda job: run_apart(job, "nobody", dry_run=True), wait=60)
    assert "no feed is called nobody" in job.error


@pytest.mark.parametrize("path", ["/drafts/0123456789abcdef", "/drafts/%2e%2e", "/runs/a/b",
                                  "/runs/../x", "/runs/%2e%2e/members_csv"])  # fmt: skip
def test_what_is_not_there_is_said_so(bench, path) -> None:
    assert bench.http.get(path).status_code == 404
