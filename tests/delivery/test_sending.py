"""Several batches in flight: in order, never too many, and none begun after a failure."""

import threading
import time

import pytest

from delivery.batches import Batch
from delivery.sending import send_batches


def batches(count, taken=None):
    for number in range(1, count + 1):
        if taken is not None:
            taken.append(number)
        yield Batch(number, str(number).encode(), 1, 1)


class Server:
    """Takes bodies and remembers them; `hold` keeps a body until its event is set."""

    def __init__(self, hold=(), fail=()):
        self.hold = {number: threading.Event() for number in hold}
        self.fail = set(fail)
        self.begun, self.ended, self.open, self.most = [], [], 0, 0
        self.lock = threading.Condition()

    def post(self, body):
        number = int(body)
        with self.lock:
            self.begun.append(number)
            self.open += 1
            self.most = max(self.most, self.open)
            self.lock.notify_all()
        if number in self.hold:
            assert self.hold[number].wait(10)
        with self.lock:
            self.open -= 1
            self.ended.append(number)
            self.lock.notify_all()
        if number in self.fail:
            raise RuntimeError(number)
        return f"answer {number}"

    def wait_for(self, condition):
        with self.lock:
            assert self.lock.wait_for(condition, 10)


@pytest.mark.parametrize("in_flight", [1, 2, 4, 50])
@pytest.mark.parametrize("count", [0, 1, 20])
def test_each_batch_is_sent_once_and_answers_come_in_order(in_flight, count):
    server = Server()
    found = list(send_batches(batches(count), server.post, in_flight=in_flight))
    assert [(batch.number, answer) for batch, answer in found] == [
        (number, f"answer {number}") for number in range(1, count + 1)
    ]
    assert sorted(server.begun) == list(range(1, count + 1))
    assert server.most <= in_flight


def test_the_order_stays_though_a_later_one_ends_first():
    server = Server(hold=[1])
    found = send_batches(batches(3), server.post, in_flight=3)
    threading.Thread(
        target=lambda: (server.wait_for(lambda: len(server.ended) == 2), server.hold[1].set())
    ).start()
    assert [batch.number for batch, _ in found] == [1, 2, 3]
    assert server.ended[-1] == 1


def test_so_many_are_in_flight_and_no_batch_is_taken_before_there_is_room():
    taken = []
    server = Server(hold=range(1, 11))
    answers = []

    def run():
        answers.extend(send_batches(batches(10, taken), server.post, in_flight=3))

    thread = threading.Thread(target=run)
    thread.start()
    for done in range(11):
        expected = list(range(1, min(done + 3, 10) + 1))
        server.wait_for(lambda wanted=expected: sorted(server.begun) == wanted)
        assert taken == expected
        if done < 10:
            server.hold[done + 1].set()
    thread.join(10)
    assert len(answers) == 10
    assert server.most == 3


def test_the_first_failure_is_raised_and_nothing_new_is_begun():
    server = Server(fail=[3])
    found = []
    with pytest.raises(RuntimeError, match="3"):
        found.extend(
            batch.number for batch, _ in send_batches(batches(10), server.post, in_flight=1)
        )
    assert server.begun == [1, 2, 3]


def test_what_is_in_flight_is_waited_for():
    server = Server(hold=[1, 2, 3], fail=[1])
    raised = threading.Event()

    def run():
        with pytest.raises(RuntimeError, match="1"):
            list(send_batches(batches(10), server.post, in_flight=3))
        raised.set()

    thread = threading.Thread(target=run)
    thread.start()
    server.wait_for(lambda: len(server.begun) == 3)
    server.hold[1].set()
    assert not raised.wait(0.05)
    server.hold[2].set()
    server.hold[3].set()
    assert raised.wait(10)
    thread.join(10)
    assert sorted(server.begun) == sorted(server.ended) == [1, 2, 3]


def test_nothing_is_begun_though_the_batch_that_failed_is_not_yet_the_next():
    server = Server(hold=[1], fail=[2])
    numbers = []

    def listen():
        for batch, _ in send_batches(batches(10), server.post, in_flight=2):
            numbers.append(batch.number)

    def run():
        with pytest.raises(RuntimeError, match="2"):
            listen()

    thread = threading.Thread(target=run)
    thread.start()
    server.wait_for(lambda: 2 in server.ended)
    time.sleep(0.05)  # from leaving the server to the sender's hands
    server.hold[1].set()
    thread.join(10)
    assert numbers == [1]
    assert sorted(server.begun) == [1, 2]


def test_batches_that_cannot_be_made_stop_the_sending():
    def broken():
        yield from batches(2)
        raise OSError("disk")

    server = Server()
    with pytest.raises(OSError, match="disk"):
        list(send_batches(broken(), server.post, in_flight=2))
    assert sorted(server.ended) == [1, 2]


def test_whoever_stops_listening_stops_the_sending():
    server = Server()
    found = send_batches(batches(100), server.post, in_flight=2)
    next(found)
    found.close()
    assert len(server.begun) <= 3
    assert sorted(server.begun) == sorted(server.ended)
