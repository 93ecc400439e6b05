"""The demo's staff are sound as a directory, and have the groups that make disclosure hard."""

from collections import Counter

from engage.demo.staff import directory
from engage.people.staff_file import read

ROWS = read("staff.csv", directory()).rows
THRESHOLD = 10


def test_there_are_240_people_each_with_an_address_of_their_own() -> None:
    assert len(ROWS) == len({row.email for row in ROWS}) == len({row.name for row in ROWS}) == 240
    assert all(row.email.endswith("@mopac.example") for row in ROWS)


def test_one_directorate_alone_is_too_small() -> None:
    sizes = Counter(row.directorate for row in ROWS)
    assert [name for name, size in sizes.items() if size < THRESHOLD] == ["Private Office"]


def test_one_grade_is_nearly_all_of_a_directorate() -> None:
    auditors = {row.email for row in ROWS if row.grade == "Auditor"}
    audit = {row.email for row in ROWS if row.directorate == "Audit"}
    assert auditors < audit
    assert len(auditors) >= THRESHOLD > len(audit - auditors) > 0
