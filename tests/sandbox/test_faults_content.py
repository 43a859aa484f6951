"""Rules about what a request holds refuse all of it, in every style."""

from concurrent.futures import ThreadPoolExecutor

import pytest

MESSAGE = "this record cannot be taken"


def bad(receipt_id, place):
    path = f"ReceiptRequests[{place}].Header.ReceiptId"
    return {"receiptId": receipt_id, "path": path, "message": MESSAGE}


@pytest.mark.parametrize(
    ("style", "detail"),
    [
        ("list", [bad("R7", 1), bad("R9", 3)]),
        ("object", bad("R7", 1)),
        ("string", "receiptId R7, R9 cannot be taken"),
        ("vague", "One or more records in the request could not be processed."),
        ("empty", None),
        (
            "paths",
            [
                {"path": "ReceiptRequests[1].Header.ReceiptId", "message": MESSAGE},
                {"path": "ReceiptRequests[3].Header.ReceiptId", "message": MESSAGE},
            ],
        ),
    ],
)
def test_poison_refuses_the_batch_in_each_style(api, doc_rule, make_batch, style, detail):
    status = {"list": 400, "object": 409, "string": 422}.get(style, 400)
    api.put_faults(doc_rule("poison", style=style, status=status))
    for _ in range(2):
        answer = api.post("transactions", make_batch("R1", "R7", "R2", "R9"))
        assert answer.status_code == status
        assert list(answer.json()) == ["code", "message", "detailedErrorMessage"]
        assert answer.json()["detailedErrorMessage"] == detail
    assert api.post("transactions", make_batch("R1", "R2")).status_code == 200
    assert (api.stored_ids(), api.fired()) == (["R1", "R2"], [2])


def test_poison_without_an_envelope(api, doc_rule, make_batch):
    api.put_faults(doc_rule("poison", style="no_body", status=422))
    answer = api.post("transactions", make_batch("R7"))
    assert (answer.status_code, answer.content) == (422, b"")
    assert "content-type" not in answer.headers
    api.put_faults(doc_rule("poison", style="html"))
    answer = api.post("transactions", make_batch("R7"))
    assert (answer.status_code, answer.text[:15]) == (400, "<!DOCTYPE html>")
    assert api.stored_ids() == []


def test_poison_can_name_only_the_first(api, doc_rule, make_batch):
    api.put_faults(doc_rule("poison", names="first"))
    answer = api.post("transactions", make_batch("R1", "R9", "R7"))
    assert answer.json()["detailedErrorMessage"] == [bad("R9", 1)]


def test_poison_of_members_goes_by_external_id(api, doc_rule):
    api.put_faults(doc_rule("poison"))
    members = [{"externalId": "E1"}, {"email": "a@b.no"}, {"externalId": "R9"}]
    answer = api.post("import", {"members": members})
    assert answer.status_code == 400
    [fault] = answer.json()["detailedErrorMessage"]
    assert fault == {"externalId": "R9", "path": "members[2].externalId", "message": MESSAGE}
    assert api.facts()["customers"] == 0


def test_poison_by_hash_is_the_same_in_any_order_and_another_by_seed(api, make_batch):
    def find(seed, ids):
        api.put_faults({"fault": "poison", "one_in": 10, "style": "list"}, seed=seed)
        answer = api.post("transactions", make_batch(*ids))
        return {fault["receiptId"] for fault in answer.json()["detailedErrorMessage"]}

    ids = [f"R{n}" for n in range(300)]
    found = find(1, ids)
    assert 15 < len(found) < 50
    assert find(1, ids[::-1]) == found
    assert find(2, ids) != found


def test_poison_is_not_stored_by_another_fault(api, make_batch):
    gateway = {"fault": "gateway", "stored": "all"}
    for stored in ("all", "half"):
        api.put_faults(gateway | {"stored": stored}, {"fault": "poison", "ids": ["D"]})
        assert api.post("transactions", make_batch("A", "B", "C", "D")).status_code == 502
        assert (api.stored_ids(), api.fired()) == ([], [1, 1])


def test_poison_is_counted_when_it_refuses_and_not_before(api, make_batch):
    api.put_faults({"fault": "poison", "ids": ["BAD"]})
    with ThreadPoolExecutor(8) as pool:
        ids = ["BAD" if n % 10 == 0 else str(n) for n in range(60)]
        list(pool.map(lambda one: api.post("transactions", make_batch(one)), ids))
    [rule] = api.faults()["rules"]
    assert (rule["seen"], rule["fired"]) == (60, 6)


def test_too_large_by_records_and_by_bytes(api, doc_rule, make_batch):
    api.put_faults(doc_rule("too_large", records=2))
    answer = api.post("transactions", make_batch("A", "B", "C"))
    assert (answer.status_code, answer.json()["code"]) == (413, "413")
    assert answer.json()["detailedErrorMessage"] == "3 records in one request, 2 are taken"
    assert api.post("transactions", make_batch("A", "B")).status_code == 200
    members = [{"externalId": one} for one in "ABC"]
    assert api.post("import", {"members": members}).status_code == 413
    api.put_faults({"fault": "too_large", "bytes": 500})
    assert api.post("transactions", make_batch("C")).status_code == 200
    assert api.post("transactions", make_batch("D", "E", "F")).status_code == 413
    assert api.stored_ids() == ["A", "B", "C"]


def test_quarantine_of_one_customer_and_of_all(api, doc_rule):
    def post(external_id, phone):
        return api.post("customers", {"data": {"externalId": external_id, "mobilePhone": phone}})

    api.put_faults(doc_rule("quarantine"))
    answer = post("E7", "+4712345670")
    assert answer.status_code == 422
    assert answer.json() == {
        "code": "422",
        "message": "Unprocessable Entity",
        "detailedErrorMessage": {},
    }
    assert post("E8", "+4712345671").status_code == 201
    api.put_faults({"fault": "quarantine"})
    assert post("E9", "+4712345672").status_code == 422
    changed = {"data": {"externalId": "E8", "firstName": "Ola"}}
    assert api.send("PUT", "customers/externalId", changed).status_code == 422
    assert api.facts()["customers"] == 1
