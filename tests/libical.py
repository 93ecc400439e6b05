"""Debian's libical through ctypes: a parser that shares nothing with the writer, and holds the tables of RFC 5546."""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import pytest

_ANY_PROPERTY, _ANY_COMPONENT = 0, 1  # libical's own numbers


class _Time(ctypes.Structure):
    _fields_ = (
        *(
            (name, ctypes.c_int)
            for name in ["year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight"]
        ),
        ("zone", ctypes.c_void_p),
    )


_FUNCTIONS = {
    "icalparser_parse_string": (ctypes.c_void_p, [ctypes.c_char_p]),
    "icalrestriction_check": (ctypes.c_int, [ctypes.c_void_p]),
    "icalcomponent_free": (None, [ctypes.c_void_p]),
    "icalcomponent_isa": (ctypes.c_int, [ctypes.c_void_p]),
    "icalcomponent_kind_to_string": (ctypes.c_char_p, [ctypes.c_int]),
    "icalcomponent_get_first_component": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "icalcomponent_get_next_component": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "icalcomponent_get_first_property": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "icalcomponent_get_next_property": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "icalproperty_get_property_name": (ctypes.c_char_p, [ctypes.c_void_p]),
    "icalproperty_get_value": (ctypes.c_void_p, [ctypes.c_void_p]),
    "icalproperty_get_value_as_string": (ctypes.c_char_p, [ctypes.c_void_p]),
    "icalproperty_get_parameter_as_string": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_char_p]),
    "icalproperty_get_datetime_with_component": (_Time, [ctypes.c_void_p, ctypes.c_void_p]),
    "icalproperty_get_first_parameter": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    "icalparameter_string_to_kind": (ctypes.c_int, [ctypes.c_char_p]),
    "icalparameter_get_cn": (ctypes.c_char_p, [ctypes.c_void_p]),
    "icalvalue_isa": (ctypes.c_int, [ctypes.c_void_p]),
    "icalvalue_string_to_kind": (ctypes.c_int, [ctypes.c_char_p]),
    "icalvalue_get_text": (ctypes.c_char_p, [ctypes.c_void_p]),
    "icaltime_as_timet_with_zone": (ctypes.c_long, [_Time, ctypes.c_void_p]),
}


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libical.so.3")
    except OSError:
        pytest.fail("libical, which checks the calendars, is missing: apt-get install libical3", pytrace=False)
    for name, (restype, argtypes) in _FUNCTIONS.items():
        getattr(library, name).restype, getattr(library, name).argtypes = restype, argtypes
    return library


@dataclass(frozen=True)
class Property:
    """A property as libical reads it: TEXT unescaped, `instant` (UTC) by the file's own VTIMEZONE."""

    name: str
    value: str
    parameters: dict[str, str]
    instant: datetime | None


@dataclass(frozen=True)
class Component:
    """A component with all that is in it, in the file's order."""

    name: str
    properties: list[Property]
    components: list["Component"]

    def every(self, name: str) -> list[Property]:
        return [found for found in self.properties if found.name == name]

    def only(self, name: str) -> Property:
        (found,) = self.every(name)
        return found

    def parts(self, name: str) -> list["Component"]:
        return [found for found in self.components if found.name == name]

    def faults(self) -> list[str]:
        here = [found.value for found in self.every("X-LIC-ERROR")]
        return here + [fault for component in self.components for fault in component.faults()]


def parse(content: bytes) -> Component:
    """The one VCALENDAR in the bytes, checked against the tables of its METHOD; see `faults` for what is wrong."""
    root = _library().icalparser_parse_string(content)
    assert root, "libical reads no component"
    try:
        is_sound = bool(_library().icalrestriction_check(root))
        calendar = _component(root)
    finally:
        _library().icalcomponent_free(root)
    assert is_sound == (not calendar.faults()), "the tables and the marked faults disagree"
    return calendar


def _component(pointer: int) -> Component:
    library = _library()
    name = library.icalcomponent_kind_to_string(library.icalcomponent_isa(pointer)).decode()
    properties = [_property(found, pointer) for found in _each("property", pointer, _ANY_PROPERTY)]
    return Component(name, properties, [_component(found) for found in _each("component", pointer, _ANY_COMPONENT)])


def _each(what: str, pointer: int, kind: int) -> Iterator[int]:
    first: Callable[[int, int], int | None] = getattr(_library(), f"icalcomponent_get_first_{what}")
    following: Callable[[int, int], int | None] = getattr(_library(), f"icalcomponent_get_next_{what}")
    found = first(pointer, kind)
    while found:
        yield found
        found = following(pointer, kind)


def _property(pointer: int, component: int) -> Property:
    library = _library()
    name = library.icalproperty_get_property_name(pointer).decode()
    value = library.icalproperty_get_value(pointer)
    is_text = library.icalvalue_isa(value) == library.icalvalue_string_to_kind(b"TEXT")
    content = library.icalvalue_get_text(value) if is_text else library.icalproperty_get_value_as_string(pointer)
    instant = _instant(pointer, component) if name in {"DTSTART", "DTEND", "DTSTAMP"} else None
    return Property(name, content.decode(), _parameters(pointer), instant)


def _parameters(pointer: int) -> dict[str, str]:
    library = _library()
    names = ("CUTYPE", "PARTSTAT", "ROLE", "RSVP", "TZID", "VALUE")
    found = {name: library.icalproperty_get_parameter_as_string(pointer, name.encode()) for name in names}
    name_parameter = library.icalproperty_get_first_parameter(pointer, library.icalparameter_string_to_kind(b"CN"))
    found["CN"] = library.icalparameter_get_cn(name_parameter) if name_parameter else None
    return {name: content.decode() for name, content in found.items() if content is not None}


def _instant(pointer: int, component: int) -> datetime:
    moment = _library().icalproperty_get_datetime_with_component(pointer, component)
    return datetime.fromtimestamp(_library().icaltime_as_timet_with_zone(moment, moment.zone), UTC)
