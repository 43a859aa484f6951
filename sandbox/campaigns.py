"""Affiliates and bonus campaigns, both settled by `offers`.

Invented: all of affiliates but that they have an id and a name, as bonus transactions show; that
every customer has every campaign; and that ended ones are shown too.
"""

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.calls import Call
from sandbox.customer_store import find_member


def list_affiliates(call: Call) -> Response:
    """GET /affiliates, a preview."""
    call.require_preview()
    call.require_activation("affiliates")
    call.read_query()
    shown: list[object] = [{"id": one.id, "name": one.name} for one in call.offers.affiliates]
    return answer(strict_json.write(shown))


def list_campaigns(call: Call) -> Response:
    """GET /loyalty/bonus/campaigns/{id}: those of a member; of all, where nobody is named."""
    call.require_activation("bonus")
    call.read_query()
    wanted = call.path.get("id", "")
    if wanted:
        with call.state.read() as sql:
            if find_member(sql, wanted) is None:
                raise Refusal(404, "there is no such customer")
    shown: list[object] = [
        {
            "id": campaign.id,
            "campaignName": campaign.name,
            "campaignType": campaign.type,
            "rewardType": campaign.reward,
            "points": campaign.points,
            "validFrom": campaign.valid_from[:19],
            "validTo": campaign.valid_to[:19],
            "products": [{"id": product} for product in campaign.products],
        }
        for campaign in call.offers.campaigns
    ]
    return answer(strict_json.write(shown))
