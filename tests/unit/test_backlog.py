"""Who is next when lines are few: groups take turns, and none has more than its share."""

from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st

from engage.notify.backlog import Backlog

Item = tuple[str, int]


def backlog_of(*items: Item, share: int = 2) -> Backlog[Item]:
    backlog: Backlog[Item] = Backlog(itemgetter(0), share)
    for item in items:
        backlog.add(item)
    return backlog


def taken(backlog: Backlog[Item]) -> list[Item]:
    """Everything that may begin while nothing is done."""
    items = []
    while (item := backlog.take()) is not None:
        items.append(item)
    return items


def test_groups_take_turns() -> None:
    assert taken(backlog_of(("a", 1), ("a", 2), ("b", 1), ("b", 2))) == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_a_group_with_its_share_under_way_waits_and_others_go_on() -> None:
    backlog = backlog_of(("a", 1), ("a", 2), ("a", 3))
    assert taken(backlog) == [("a", 1), ("a", 2)]
    assert (len(backlog), backlog.ready) == (1, 0)
    backlog.add(("b", 1))
    assert backlog.ready == 1
    assert taken(backlog) == [("b", 1)]
    backlog.done(("a", 1))
    assert taken(backlog) == [("a", 3)]


def test_what_is_cleared_never_begins_and_what_comes_later_does() -> None:
    backlog = backlog_of(("a", 1), ("a", 2), ("a", 3))
    begun = taken(backlog)
    assert backlog.clear() == [("a", 3)]
    for item in begun:
        backlog.done(item)
    assert (len(backlog), backlog.take()) == (0, None)
    backlog.add(("a", 4))
    assert backlog.take() == ("a", 4)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers())), st.integers(1, 3))
def test_all_begin_once_in_the_order_of_their_group(items: list[Item], share: int) -> None:
    backlog = backlog_of(*items, share=share)
    order: list[Item] = []
    while len(backlog):
        ready = backlog.ready
        begun = taken(backlog)
        assert len(begun) == ready > 0
        assert all(sum(each[0] == group for each in begun) <= share for group in "abc")
        for item in begun:
            backlog.done(item)
        order += begun
    for group in "abc":
        assert [item for item in order if item[0] == group] == [item for item in items if item[0] == group]
