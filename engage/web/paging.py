"""Long lists in pages of fifty: which rows a page shows, and the links to its neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.requests import Request

PAGE_SIZE = 50
FURTHEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Paging:
    """``total`` rows under an address; ``asked`` is the page asked for, of which the nearest that there is is shown."""

    total: int
    asked: int
    address: str
    query: Mapping[str, str] = field(default_factory=dict)
    size: int = PAGE_SIZE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def number(self) -> int:
        return min(self.asked, self.pages)

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def link(self, number: int) -> str:
        """The address of that page."""
        return _link(self.address, self.query, number)

    @property
    def neighbours(self) -> dict[str, dict[str, str]]:
        """The links to the page before and the next one, as the design system's pagination takes them."""
        links = {}
        if self.number > 1:
            links["previous"] = {"href": self.link(self.number - 1), "labelText": f"{self.number - 1} of {self.pages}"}
        if self.number < self.pages:
            links["next"] = {"href": self.link(self.number + 1), "labelText": f"{self.number + 1} of {self.pages}"}
        return links


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Page ``number`` of a list of which nobody knows the end until it is reached."""

    number: int
    has_next: bool
    address: str

    @property
    def next_page(self) -> str:
        """Its address, where there is one."""
        return _link(self.address, {}, self.number + 1)

    @property
    def neighbours(self) -> dict[str, dict[str, str]]:
        """As those of `Paging`, without the number of pages."""
        links = {}
        if self.number > 1:
            links["previous"] = {"href": _link(self.address, {}, self.number - 1)}
        if self.has_next:
            links["next"] = {"href": self.next_page}
        return links


def page_number(request: Request) -> int:
    """The page that the address asks for, the first one where it says nothing that can be."""
    asked = request.query_params.get("page", "")
    return min(int(asked), FURTHEST) if asked.isdecimal() and asked.isascii() and len(asked) < 9 and int(asked) else 1


def _link(address: str, query: Mapping[str, str], number: int) -> str:
    kept = {name: value for name, value in query.items() if value}
    return f"{address}?{urlencode(kept | {'page': str(number)})}"
