"""The environment that renders pages: HTML escaped, our own missing names refused, the design system's allowed."""

from collections.abc import MutableMapping
from collections.abc import Set as AbstractSet
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader
from jinja2.meta import find_undeclared_variables
from markupsafe import Markup

from engage.resources import PACKAGE, folder
from engage.settings import Settings
from engage.web.compiled import Compiled
from engage.wording import filters

DESIGN_SYSTEM = "govuk_frontend_jinja"
# what the design system's macros ask for to find out whether it is there
EXPECTED = ("caller", "undefined", "successBanner", "typeClass")

_COMPILED = Compiled()


class _Missing(ChainableUndefined):
    """Empty where a dictionary lacks a key, as the design system's macros expect; an error anywhere else."""

    def _check(self) -> None:
        is_expected = self._undefined_name in EXPECTED or isinstance(self._undefined_obj, dict | ChainableUndefined)
        if not is_expected:
            self._fail_with_undefined_error()

    def __str__(self) -> str:
        self._check()
        return ""

    def __html__(self) -> str:
        return str(self)

    def __bool__(self) -> bool:
        self._check()
        return False

    def __iter__(self) -> Any:
        self._check()
        return iter(())

    def __len__(self) -> int:
        self._check()
        return 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._check()
        return self


class _Environment(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """In one dictionary: every import of a macro compares their names, which in a chain of them takes long."""
        return {**self.globals, **(d or {})}


def templates_for(settings: Settings) -> Environment:
    """Every page's templates, with the house's filters and the macros of the design system."""
    environment = _Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(folder("templates")), PrefixLoader({DESIGN_SYSTEM: PackageLoader(DESIGN_SYSTEM)})]
        ),
        autoescape=True,
        undefined=_Missing,
        bytecode_cache=_COMPILED,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters(settings.zone))
    environment.globals.update(dict.fromkeys(_optional_names(), Markup()))
    environment.globals.update(settings=settings, asset=asset)
    return environment


@cache
def asset(path: str) -> str:
    """The address of a static file, which changes with its content so that browsers may keep it for ever."""
    digest = sha256((PACKAGE / "static" / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


@cache
def _optional_names() -> AbstractSet[str]:
    """The names that the design system's page template looks for and that nobody has to give."""
    environment = Environment(autoescape=True)
    source, _, _ = PackageLoader(DESIGN_SYSTEM).get_source(environment, "template.html")
    return find_undeclared_variables(environment.parse(source))
