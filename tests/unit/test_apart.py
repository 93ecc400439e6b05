"""Many acts of which none holds up the others."""

import pytest
from sqlalchemy.exc import OperationalError

from engage.apart import each_apart


async def test_one_that_fails_holds_up_no_other() -> None:
    done = []

    async def act(item: int) -> int:
        if item == 2:
            raise ValueError("this one cannot be done")
        done.append(item)
        return 1

    assert await each_apart([1, 2, 3], act) == 2
    assert done == [1, 3]


async def test_a_database_that_is_away_is_not_asked_for_each() -> None:
    asked = []

    async def act(item: int) -> int:
        asked.append(item)
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    with pytest.raises(OperationalError):
        await each_apart([1, 2, 3], act)
    assert asked == [1]
