"""Letters from the folders of templates/email: ``subject.txt``, ``body.txt`` and ``body.html`` each."""

import re
import textwrap
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from engage.notify.message import Letter
from engage.resources import folder
from engage.settings import Settings
from engage.web.compiled import Compiled
from engage.wording import filters

TEXT_WIDTH = 72
BULLET = "- "

_COMPILED = Compiled()


class Letters:
    """Renders letters. Every template knows ``settings`` and the filters of ``engage.wording``; HTML is escaped."""

    def __init__(self, settings: Settings) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(folder("templates")),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            bytecode_cache=_COMPILED,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        self._templates.filters.update(filters(settings.zone))
        self._templates.globals["settings"] = settings

    def render(self, name: str, **context: Any) -> Letter:
        """The letter of that folder; raises jinja2's UndefinedError where its templates miss something."""
        subject = " ".join(self._render(f"email/{name}/subject.txt", context).split())
        context["subject"] = subject
        return Letter(
            subject=subject,
            text=_set(self._render(f"email/{name}/body.txt", context)),
            html=self._render(f"email/{name}/body.html", context),
        )

    def _render(self, path: str, context: dict[str, Any]) -> str:
        return self._templates.get_template(path).render(context)


def _set(text: str) -> str:
    """Lines wrapped, links whole, and never more than one blank line."""
    lines = "\n".join(_wrapped(line.rstrip()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _wrapped(line: str) -> str:
    indent = " " * len(BULLET) if line.startswith(BULLET) else ""
    return textwrap.fill(line, TEXT_WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
