"""Every kind of record that was answered with 200 is there after a kill and a restart."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx

import sandbox

ROOT = Path(__file__).parents[2]
SERVE = """
import sys, pathlib, sandbox
sandbox.serve(pathlib.Path(sys.argv[1]), port=0, on_ready=lambda url: print(url, flush=True))
"""
PROMOTION = "71E8AC01-152D-4B2E-956A-3656CD3396AE"


def write_all(http: httpx.Client, number: int) -> None:
    """One record of every kind, for one new customer."""
    key = f"E{number}"
    customer = {"mobilePhone": f"+47{10_000_000 + number}", "externalId": key}
    requests = [
        ("POST", "customers", {"data": customer}),
        ("POST", f"loyalty/bonus/addRewardPoints?customerId={key}", {"points": 3}),
        ("POST", "loyalty/bonus/import", {"externalId": key, "activity": "2"}),
        ("PUT", "loyalty/achievements", {"id": "4", "memberId": key, "itemCount": 2}),
        ("POST", "abandonedCarts", {"cartId": key, "items": [{"itemId": "1", "quantity": 1}]}),
        ("POST", "payment-cards", {"memberId": key, "token": key}),
        ("POST", f"modules/vehicles/customerId/{key}", {"plate": key}),
        ("POST", "promotions/redeem", {"id": PROMOTION, "customerId": key}),
        ("POST", f"promotions/{PROMOTION}/disableUse/{key}", {}),
        ("POST", f"triggers/welcome/customer/{key}", {"data": key}),
    ]
    for verb, path, body in requests:
        http.request(verb, path, json=body).raise_for_status()


def test_records_survive_kill_9(tmp_path):
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    taken: list[int] = []
    enough = threading.Event()
    try:
        url = process.stdout.readline().strip()

        def write_until_it_dies():
            with httpx.Client(base_url=url, headers={"x-api-key": "sandbox"}) as http:
                for number in range(10_000):
                    try:
                        write_all(http, number)
                    except httpx.TransportError:
                        return
                    taken.append(number)
                    if len(taken) == 5:
                        enough.set()

        writer = threading.Thread(target=write_until_it_dies)
        writer.start()
        assert enough.wait(60)
        process.send_signal(signal.SIGKILL)
        writer.join()
    finally:
        process.kill()
        process.communicate()
    with sandbox.running(tmp_path) as running, httpx.Client() as http:
        http.headers["x-api-key"] = running.api_key
        facts = http.get(running.facts_url).json()
        for number in taken:
            path = f"{running.base_url}/customers/externalId/E{number}"
            found = http.get(path).json()["data"]
            assert found["loyalty"]["points"] == 33
            assert [card["count"] for card in found["loyalty"]["loyaltyCards"]] == [2]
            [promotion] = found["promotions"]
            assert (promotion["redemptionCount"], promotion["available"]) == (1, False)
    # The last customer may have a part of it: each request is one commit.
    done = len(taken)
    for name in ("carts", "payment_cards", "vehicles", "redemptions", "triggers", "customers"):
        assert facts[name] in (done, done + 1), name
    assert facts["points"] in (33 * done, 33 * done + 3, 33 * (done + 1))
    assert facts["clips"] in (2 * done, 2 * done + 2)
