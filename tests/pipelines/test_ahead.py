"""Working ahead changes nothing but the time."""

import threading

import pytest

from pipelines.ahead import map_ahead, read_ahead


def test_results_come_in_order() -> None:
    assert list(map_ahead(str, iter(range(100)))) == [(n, str(n)) for n in range(100)]
    assert list(map_ahead(str, [])) == []


def test_an_error_of_the_items_comes_after_none_before_it_is_lost() -> None:
    def items():
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(map_ahead(str, items()))


def test_an_error_of_the_function_comes_in_its_place() -> None:
    ahead = map_ahead(lambda n: 1 // n, [1, 1, 0, 1, 1, 1])
    assert [next(ahead), next(ahead)] == [(1, 1), (1, 1)]
    with pytest.raises(ZeroDivisionError):
        next(ahead)


def test_two_are_worked_on_at_once() -> None:
    both = threading.Barrier(2, timeout=5)
    assert len(list(map_ahead(lambda _: both.wait(), range(2)))) == 2


def test_no_more_items_are_held_than_there_is_room_for() -> None:
    made = []

    def items():
        for n in range(10):
            made.append(n)
            yield n

    ahead = map_ahead(str, items(), workers=2)
    next(ahead)
    assert made == [0, 1, 2]
    ahead.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead")]


def test_items_read_ahead_come_in_order_and_their_error_in_its_place() -> None:
    def items():
        yield from range(5)
        raise ValueError("broken")

    assert list(read_ahead(range(100))) == list(range(100))
    ahead = read_ahead(items())
    assert [next(ahead) for _ in range(5)] == list(range(5))
    with pytest.raises(ValueError, match="broken"):
        next(ahead)


def test_one_item_is_read_ahead_and_none_more() -> None:
    made, second = [], threading.Event()

    def items():
        for n in range(10):
            made.append(n)
            if n == 1:
                second.set()
            yield n

    ahead = read_ahead(items())
    assert next(ahead) == 0
    assert second.wait(5)
    ahead.close()
    assert made == [0, 1]
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead")]
