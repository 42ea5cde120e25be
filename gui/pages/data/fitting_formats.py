"""Which formats could read a file or folder, told by its name alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from engine.datasets import FORMATS


def fitting_formats(source: str, also: Iterable[str] = ()) -> list[str]:
    """Names of the formats that could read a source, from its name alone.

    Args:
        source: Path of a file or folder.
        also: Names that are in the list anyway.
    """
    suffix = PurePath(source).suffix.lower()
    of_file = [form.name for form in FORMATS if suffix and suffix in form.suffixes]
    names = of_file or [form.name for form in FORMATS]
    return [form.name for form in FORMATS if form.name in {*names, *also}]
