"""Sending batches, several in flight."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from delivery.batches import Batch

Answer = TypeVar("Answer")


def send_batches(
    batches: Iterable[Batch], post: Callable[[bytes], Answer], *, in_flight: int
) -> Iterator[tuple[Batch, Answer]]:
    """Send each batch once, at most `in_flight` at a time.

    Args:
        batches: what to send; the next one is taken only when there is room for it, so memory
            is bounded by the batches in flight.
        post: sends one body and gives the answer, or raises; called from several threads.
        in_flight: how many requests may be open.

    Yields:
        Batches with their answers, in the order of the batches.

    Raises:
        What `post` raised, for the first batch that failed: as soon as any has failed no new
        batch is begun, and those in flight are waited for.
    """
    coming = iter(batches)
    flying: deque[tuple[Batch, Future[Answer]]] = deque()
    with ThreadPoolExecutor(in_flight, thread_name_prefix="send") as pool:
        while True:
            while len(flying) < in_flight and not any(_failed(answer) for _, answer in flying):
                if (batch := next(coming, None)) is None:
                    break
                flying.append((batch, pool.submit(post, batch.body)))
            if not flying:
                return
            sent, answer = flying.popleft()
            yield sent, answer.result()


def _failed(answer: Future[Answer]) -> bool:
    return answer.done() and answer.exception() is not None
