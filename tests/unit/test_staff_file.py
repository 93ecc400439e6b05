"""What may stand in the file of the staff directory, and how each fault is named."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.errors import FileFaulty
from engage.people.staff_file import Row, read
from engage.slugs import slug_of

HEAD = "email,name,directorate,grade\n"
ZOE = Row("zoe@example.org", "Zoë Example", "Policy", "6")
ZOE_LINE = "Zoe@example.org,Zoë Example,Policy,6\n"


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(FileFaulty) as refused:
        read("staff.csv", text.encode() if isinstance(text, str) else text)
    return refused.value.faults


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_names_are_read_in_the_encodings_that_offices_write(encoding: str) -> None:
    assert read("staff.csv", (HEAD + ZOE_LINE).encode(encoding)).rows == [ZOE]


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_other_delimiters_and_line_endings_are_read(delimiter: str, ending: str) -> None:
    text = (HEAD + ZOE_LINE).replace(",", delimiter).replace("\n", ending)
    assert read("staff.csv", text.encode()).rows == [ZOE]


def test_columns_may_stand_in_any_order_and_case() -> None:
    assert read(
        "staff.csv", "Grade, Email ,NAME,Directorate\n6,zoe@example.org,Zoë Example,Policy\n".encode()
    ).rows == [ZOE]


def test_quoted_line_breaks_stay_one_row_and_lines_are_counted_on() -> None:
    text = HEAD + 'a@example.org,"Ann\nExample","Policy\r\nand Audit",6\n\nbad,B,Audit,7\n'
    assert faults(text) == ["staff.csv: line 6, email: bad is not an email address"]
    assert read("staff.csv", text.replace("bad", "b@example.org").encode()).rows[0] == Row(
        "a@example.org", "Ann Example", "Policy and Audit", "6"
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: column email is missing"),
        ("email,name,directorate\n", "line 1: column grade is missing"),
        (HEAD.replace("\n", ",religion\n"), "line 1: 'religion' is not a column of the directory; take it out"),
        (HEAD.replace("\n", ",grade\n"), "line 1: column grade is there twice"),
        (HEAD + "a@example.org,A,Audit\n", "line 2: has 3 columns, not 4"),
        (HEAD + "a@example.org,A,Audit,6,7\n", "line 2: has 5 columns, not 4"),
        (HEAD + "a@example.org,,Audit,6\n", "line 2, name: is empty"),
        (HEAD + "a@example.org,A,  ,6\n", "line 2, directorate: is empty"),
        (HEAD + "a@example.org,A\a,Audit,6\n", "line 2, name: has a control character; take it out"),
        (HEAD + f"a@example.org,A,Audit,{'6' * 41}\n", "line 2, grade: has 41 characters, more than 40"),
        (HEAD + "a@example.org,A,–,6\n", "line 2, directorate: – has no letter or digit"),
        (HEAD + "a@@example.org,A,Audit,6\n", "line 2, email: a@@example.org is not an email address"),
        (
            HEAD + 'a@example.org,"A,Audit,6\nb@example.org,B,Audit,6\n',
            "line 2: is not sound CSV: unexpected end of data",
        ),
    ],
)
def test_fault_is_named_with_its_line(text: str, fault: str) -> None:
    assert f"staff.csv: {fault}" in faults(text)


def test_every_bad_row_is_listed() -> None:
    bad = [f"bad{number},A,Audit,6\n" for number in range(300)]
    assert len(faults(HEAD + "".join(bad))) == 300


def test_an_address_twice_is_named_whatever_its_case() -> None:
    text = HEAD + "a@example.org,A,Audit,6\nb@example.org,B,Audit,6\nA@Example.ORG,C,Audit,6\n"
    assert faults(text) == ["staff.csv: line 4, email: a@example.org is already on line 2"]


def test_a_group_written_in_two_ways_is_named() -> None:
    text = HEAD + "a@example.org,A,Policy & Audit,6\nb@example.org,B,policy and audit,6\n"
    where = "is written Policy & Audit on line 2; write it one way"
    assert faults(text) == [f"staff.csv: line 3, directorate: policy and audit {where}"]


def test_empty_directory_is_refused_since_everybody_would_have_left() -> None:
    assert faults(HEAD) == ["staff.csv: has no people in it; that would mark everybody as left"]


def test_bytes_that_are_no_text_are_refused() -> None:
    assert faults(HEAD.encode() + b"a@example.org,\x81,Audit,6\n") == [
        "staff.csv: line 2: cannot be read as text; save the file as CSV in UTF-8"
    ]


@given(st.text(st.characters(codec="utf-8"), max_size=300) | st.binary(max_size=300))
def test_no_file_of_noise_is_read_and_each_is_refused_in_plain_lines(content: str | bytes) -> None:
    assert all(fault.isprintable() for fault in faults(content))


@given(
    st.lists(st.sampled_from(["Policy", 'Audit "and" Risk', "IT,\nPeople", "Straße; Nord"]), min_size=1, max_size=20)
)
def test_what_was_written_is_read(directorates: list[str]) -> None:
    text = io.StringIO()
    rows = [[f"p{number}@example.org", "Ann", each, "6"] for number, each in enumerate(directorates)]
    csv.writer(text).writerows([["email", "name", "directorate", "grade"], *rows])
    found = read("staff.csv", text.getvalue().encode()).rows
    assert [row.directorate for row in found] == [" ".join(each.split()) for each in directorates]


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Policy & Performance", "policy-and-performance"), ("Straße", "strae"), ("  Grade 6  ", "grade-6"), ("–", "")],
)
def test_slugs_are_plain(name: str, slug: str) -> None:
    assert slug_of(name) == slug
