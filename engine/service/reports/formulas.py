"""Formulas of a report: LaTeX, typeset as outlines in SVG, so that no font is needed."""

from __future__ import annotations

import logging
import re
from typing import Final

from engine.service.reports.document import Picture

logger = logging.getLogger(__name__)

_SIZE: Final = 18
_BOX: Final = re.compile(r'viewBox="([-\d.eE+]+) ([-\d.eE+]+) ([-\d.eE+]+) ([-\d.eE+]+)"')
_NAMESPACE: Final = re.compile(r'\s+xmlns:xlink="[^"]*"')
"""Of links within the picture, of which outlines have none."""
_INK: Final = "#1b1f27"


def formula_picture(latex: str) -> Picture | None:
    """A formula as a picture; None: it cannot be typeset."""
    import ziamath  # takes a fifth of a second

    before = ziamath.config.svg2
    ziamath.config.svg2 = False  # outlines alone, which every reader of SVG knows
    try:
        svg = str(ziamath.Latex(latex, size=_SIZE, color=_INK).svg())
    except Exception:
        logger.info("A formula cannot be typeset: %s", latex, exc_info=True)
        return None
    finally:
        ziamath.config.svg2 = before
    found = _BOX.search(svg)
    if found is None:
        return None
    width, height = float(found[3]), float(found[4])
    # Qt strokes what it fills on pages, though nobody asked, which makes letters bold.
    plain = _NAMESPACE.sub("", svg).replace("<path ", '<path stroke-width="0" ')
    plain = plain.replace(_INK, "var(--text)")
    return Picture(plain, width, height, latex)
