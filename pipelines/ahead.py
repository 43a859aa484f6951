"""Working on items before they are needed, and giving the results in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int = 2
) -> Iterator[tuple[Item, Result]]:
    """Call a function with each item in threads, while the next item is made here.

    Parsing and polars let go of the interpreter, so they run side by side. At most one item more
    than there are workers is held.

    Yields:
        Items with their results, in the order of the items.

    Raises:
        What the function or the iterable raises, in its place.
    """
    working: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="ahead") as pool:
        for item in items:
            working.append((item, pool.submit(function, item)))
            if len(working) > workers:
                done, result = working.popleft()
                yield done, result.result()
        while working:
            done, result = working.popleft()
            yield done, result.result()


def read_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Make the next item in a thread, while the last one is worked on here.

    Raises:
        What the iterable raises, in its place.
    """
    rest = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(next, rest, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, rest, None)
            yield item
