"""A tenth of a year of a grocer's tills: taken whole, in bounded memory, and read back."""

import json
import resource
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.mark.slow
def test_forty_full_requests_are_taken_and_read_back(api, make_receipt):
    bodies = [
        json.dumps(
            {"ReceiptRequests": [make_receipt(f"{n}-{k}", lines=9) for k in range(400)]}
        ).encode()
        for n in range(40)
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ThreadPoolExecutor(6) as pool:
        for answer in pool.map(lambda body: api.post("transactions", body), bodies):
            assert answer.status_code == 200
    facts = api.facts()
    assert (facts["receipts"], facts["lines"], facts["gross"]) == (16_000, 144_000, "1440000")
    rows = 0
    for page in range(1, 16):
        rows += len(api.get("reports/transactions", page=page, rowsPage=10_000).json()["data"])
    assert rows == 144_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000
