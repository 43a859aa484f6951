"""Whatever a small body holds, it is taken or refused as documented, and never breaks a method."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.test_faults_records import MEMBER, WRITES

ANY = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(codec=None), max_size=8),
        st.sampled_from(
            ["", "E1", "4", "20", "\ud800", "\x00", "'; DROP TABLE customers", "+4712345678"]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
PATHS = [write for write in WRITES if write[2] is not None] + [
    ("POST", "customers/prospects", {"data": {"email": "a@b.no"}}, ""),
    ("POST", "loyalty/loyalty-cards/transfer-clips", {"fromCustomerId": "E1", "clipCount": 1}, ""),
    ("PUT", "abandonedCarts", {"cartId": "E1"}, ""),
]


@pytest.mark.parametrize(("verb", "path", "body", "_"), PATHS)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_nothing_breaks_a_method(shared_api, verb, path, body, _, data):
    shared_api.post("customers", MEMBER)
    names = [*body, "extendedProperties", "x"]
    changed = body | data.draw(st.dictionaries(st.sampled_from(names), ANY, max_size=3))
    answer = shared_api.send(verb, path, json.dumps(changed))
    assert answer.status_code in {200, 201, 400, 404, 409}, answer.text
    assert shared_api.get("customers/externalId/E1").status_code == 200
