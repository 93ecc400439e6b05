"""The days on which no office in England is open, weekends aside."""

from collections.abc import Container
from datetime import date
from functools import cache

from engage.late import library


@cache
def bank_holidays() -> Container[date]:
    """The bank holidays of England; years are added as they are asked for."""
    days: Container[date] = library("holidays").country_holidays("GB", subdiv="ENG")
    return days
