"""Pages by template: Jinja2 with escaping always on, and a content security policy that allows no script at all."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The environment of all templates of the package."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("pauta.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, **values: object) -> str:
    """A whole page. Its one style sheet is allowed by its hash, everything else by nothing."""
    html = environment().get_template(template).render(**values)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    allowed = "'none'"
    if style:
        digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
        allowed = f"'sha256-{digest}'"
    return html.replace("STYLE-HASH", allowed, 1)
