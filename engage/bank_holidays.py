"""The days on which no office in England is open, weekends aside."""

from functools import cache

from holidays import HolidayBase, country_holidays


@cache
def bank_holidays() -> HolidayBase:
    """The bank holidays of England; years are added as they are asked for."""
    return country_holidays("GB", subdiv="ENG")
