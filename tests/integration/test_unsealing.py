"""Children that open boxes answer what their work makes of them, and are missed where they end too soon."""

from operator import attrgetter

import pytest

from engage.errors import OpenerGone
from engage.surveys.tally.boxes import Boxes
from engage.surveys.tally.unsealing import FEW, openers

BOXES = [b"a box", b"", b"x" * 1_000_000]  # the last is longer than any pipe holds


@pytest.mark.parametrize("boxes", [FEW, FEW + 1], ids=["threads", "children"])
def test_work_is_done_on_each_chunk_in_its_turn(boxes: int) -> None:
    with openers(boxes, cores=2) as several:
        assert [several.open(list, Boxes.of(BOXES[:number])) for number in range(4)] == [BOXES[:n] for n in range(4)]


@pytest.mark.parametrize("boxes", [BOXES, BOXES[:1]], ids=["long", "short"])
def test_child_that_has_ended_is_no_answer(boxes: list[bytes]) -> None:
    with openers(FEW + 1, cores=1) as several:
        with pytest.raises(OpenerGone):
            several.open(attrgetter("nothing"), Boxes.of(boxes))  # which boxes cannot be
        with pytest.raises(OpenerGone):
            several.open(list, Boxes.of(boxes))
