"""POST /import in XML and CSV, as form fields, and as a file that is worked through later."""

import json
import time

import httpx
import pytest

import sandbox

XML = """<?xml version="1.0" encoding="UTF-8"?>
<members>
  <!-- the first -->
  <member><externalId>E1</externalId><email>a@b.no</email><firstName>K\u00e5re</firstName>
    <extendedProperties><shoe>44</shoe></extendedProperties><city/></member>
  <member><externalId>E2</externalId><note>x &amp; y</note></member>
</members>"""
CSV = (
    "externalId,email,firstName,extendedProperties.shoe,note\r\n"
    'E1,a@b.no,K\u00e5re,44,\r\nE2,,,,"x & y"\r\n'
)


def send(api, text, media, path="import"):
    content = text.encode() if isinstance(text, str) else text
    return api.http.post(path, content=content, headers={"content-type": media})


def check_two(api):
    one, two = (api.get(f"customers/externalId/E{n}").json()["data"] for n in (1, 2))
    assert (one["email"], one["firstName"], one["city"]) == ("a@b.no", "K\u00e5re", None)
    assert one["extendedProperties"] == {"shoe": "44"}
    assert two["extendedProperties"] == {"note": "x & y"}
    assert api.facts()["customers"] == 2


@pytest.mark.parametrize(
    ("text", "media"),
    [(XML, "application/xml"), (XML, "application/xml; charset=utf-8"), (CSV, "text/csv")],
)
def test_members_come_in_xml_and_csv(api, text, media):
    for _ in range(2):
        answer = send(api, text, media)
        assert (answer.status_code, answer.json()) == (200, {}), answer.text
    check_two(api)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "line"),
        ("<members>", "not XML"),
        ("<members/>", "members"),
        ("<members>x</members>", "members"),
        ("<m><a><email>a@b.no</email></a>x</m>", "text beside"),
        ('<m><a id="1"><email>a@b.no</email></a></m>', "attributes"),
        ('<m xmlns="urn:x"><a><email>a@b.no</email></a></m>', "namespaces"),
        ("<m><a><email>a@b.no</email></a><b><email>c@d.no</email></b></m>", "one name"),
        ("<m><a><email>a@b.no</email><email>c@d.no</email></a></m>", "twice"),
        ("<m><a><name>x</name></a></m>", "m[0]"),
        ("<m><a>secret</a></m>", "m[0]"),
        ("<m><a><email><b>c</b></email></a></m>", "m[0].email"),
        ('<!DOCTYPE m [<!ENTITY e "secret">]><m><a><email>&e;</email></a></m>', "DOCTYPE"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><m><a><email>x</email></a></m>', "UTF-8"),
        (b"<m><a><email>\xff</email></a></m>", "UTF-8"),
    ],
)
def test_wrong_xml_is_refused(shared_api, text, named):
    answer = send(shared_api, text, "application/xml")
    assert answer.status_code == 400
    assert named in answer.text
    assert "secret" not in answer.text
    assert shared_api.facts()["customers"] == 0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "header"),
        ("email,,x\n", "header"),
        ("email\n", "members"),
        ("email,name\na@b.no\n", "line 2"),
        ("email\na@b.no\n\n", "line 3"),
        ("email,email\na@b.no,c@d.no\n", "twice"),
        ("email,a,a.b\na@b.no,1,2\n", "contradict"),
        ("name\nKari\n", "members[0]"),
        ('email\n"a@b.no', "line"),
        ("\ufeffemail\na@b.no\n", "byte order mark"),
        ("{}", "members"),
    ],
)
def test_wrong_csv_is_refused(shared_api, text, named):
    answer = send(shared_api, text, "text/csv")
    assert answer.status_code == 400
    assert named in answer.text
    assert shared_api.facts()["customers"] == 0


def test_the_envelope_can_be_fixed_for_xml(start):
    with start(import_envelope="people") as api:
        assert send(api, XML, "application/xml").status_code == 400
        assert send(api, XML.replace("members>", "people>"), "application/xml").status_code == 200


def test_poison_names_the_member_in_any_format(api, doc_rule):
    api.put_faults(doc_rule("poison", ids=["E2"]))
    for text, media in ((XML, "application/xml"), (CSV, "text/csv")):
        [fault] = send(api, text, media).json()["detailedErrorMessage"]
        assert (fault["externalId"], fault["path"]) == ("E2", "members[1].externalId")
    assert api.facts()["customers"] == 0
    form = "externalId=E2"
    assert send(api, form, "application/x-www-form-urlencoded", "import/form").status_code == 400


def test_half_of_an_import_is_stored_in_any_format(api):
    api.put_faults({"fault": "gateway", "stored": "half", "first": 1})
    assert send(api, CSV, "text/csv").status_code == 502
    assert api.facts()["customers"] == 1


def test_a_form_is_one_member(api):
    fields = {"externalId": "E1", "email": "a@b.no", "firstName": "K\u00e5re", "city": ""}
    answer = api.http.post("import/form", data=fields | {"extendedProperties.shoe": "44"})
    assert (answer.status_code, answer.json()) == (200, {})
    api.http.post("import/form", data={"externalId": "E2", "note": "x & y"}).raise_for_status()
    check_two(api)


@pytest.mark.parametrize(
    "text", ["", "externalId", "externalId=1&externalId=2", "name=x", "email=%ff"]
)
def test_a_wrong_form_is_refused(shared_api, text):
    form = "application/x-www-form-urlencoded"
    assert send(shared_api, text, form, "import/form").status_code == 400
    assert send(shared_api, "externalId=E", "application/json", "import/form").status_code == 400
    assert shared_api.facts()["customers"] == 0


def upload(api, name, content, part="file"):
    return api.http.post("import/file", files={part: (name, content)})


def files(api):
    text = httpx.get(api.running.files_url).raise_for_status().text
    return [json.loads(line) for line in text.splitlines()]


def wait_for(api, count):
    begun = time.monotonic()
    while sum(api.facts()["files"][name] for name in ("done", "failed")) < count:
        assert time.monotonic() - begun < 20
        time.sleep(0.02)


@pytest.mark.parametrize(("name", "content"), [("a.xml", XML), ("A.CSV", CSV)])
def test_a_file_is_taken_in_and_done_a_moment_later(start, name, content):
    with start(import_seconds=2) as api:
        answer = upload(api, name, content.encode())
        assert (answer.status_code, answer.json()) == (202, {})
        assert api.facts()["customers"] == 0
        [waiting] = files(api)
        assert waiting["state"] == "waiting"
        wait_for(api, 1)
        check_two(api)
        assert files(api) == [waiting | {"state": "done", "members": 2}]


def test_nobody_is_told_what_is_wrong_in_a_file(api):
    good = b'{"members": [{"externalId": "E1"}, {"externalId": "E2"}]}'
    for content in (b"{", b'{"members": [{"externalId": "E3"}, {}]}', good, b"\xff"):
        assert upload(api, "m.json", content).status_code == 202
    wait_for(api, 4)
    assert [one["state"] for one in files(api)] == ["failed", "failed", "done", "failed"]
    assert "members[1]" in files(api)[1]["reason"]
    assert api.facts()["files"] == {"taken": 4, "done": 1, "failed": 3}
    assert api.facts()["customers"] == 2


def test_a_file_that_waits_is_done_after_a_restart(tmp_path):
    with sandbox.running(tmp_path, import_seconds=3600) as running:
        for n in range(2):
            httpx.post(
                f"{running.base_url}/import/file",
                files={"file": ("m.csv", f"externalId\nE{n}\n".encode())},
                headers={"x-api-key": running.api_key},
            ).raise_for_status()
    with sandbox.running(tmp_path, import_seconds=0) as running:
        begun = time.monotonic()
        while (facts := httpx.get(running.facts_url).json())["files"]["done"] < 2:
            assert time.monotonic() - begun < 20
            time.sleep(0.02)
    assert (facts["customers"], facts["files"]["taken"]) == (2, 2)


def test_a_wrong_upload_is_refused(shared_api):
    api = shared_api
    assert upload(api, "m.txt", b"x").status_code == 400
    assert upload(api, "m.json", b"").status_code == 400
    assert upload(api, "m.json", b"x", part="data").status_code == 400
    two = {"file": ("a.csv", b"x"), "more": ("b.csv", b"y")}
    assert api.http.post("import/file", files=two).status_code == 400
    for media in ("application/json", "multipart/form-data", "multipart/form-data; boundary=x"):
        assert send(api, "x", media, "import/file").status_code == 400
    assert api.facts()["files"]["taken"] == 0
