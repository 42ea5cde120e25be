"""Collects the licences of everything that lies in a package, as those licences ask for.

Read from what the installed packages say of themselves; a text for each is in its wheel, or, where
a wheel has none, the licence's usual name and where the project is found.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

FILE_NAME: Final = "THIRD-PARTY-LICENCES.txt"
_LICENCE_FILE: Final = re.compile(
    r"(licen[cs]e|copying|notice|authors|third.?party)[^/]*$", re.IGNORECASE
)
_CLASSIFIER: Final = "License :: "
_LINE: Final = "=" * 88
_HEAD: Final = """\
Descent is under the MIT licence: see LICENSE. What lies in this folder beside it is the work of
others, under the licences below; the names are those of the packages of Python that hold it.

Some of it is under the LGPL (Qt for Python, num2words, libsndfile) and lies here as libraries of
its own, in `_internal`, which may be replaced by others with the same interface. FFmpeg, in the
package `av`, is built with x264 and x265 and so under the GPL: whoever hands this folder on as a
whole has to keep to the GPL for it. Their sources are offered by the projects named below.
"""


def is_licence(path: str) -> bool:
    """Whether a file of a wheel, by its path in it, tells of licences."""
    return bool(_LICENCE_FILE.search(path)) and not path.endswith((".py", ".pyc", ".so", ".h"))


def collected(top_modules: Iterable[str]) -> str:
    """The text for a package.

    Args:
        top_modules: Names of top-level modules and folders in it.

    Raises:
        ValueError: Nothing that is installed has these names.
    """
    wanted = set(top_modules)
    found = {
        _name(item).lower(): item
        for item in distributions()
        if wanted & set(_top_modules(item)) and _name(item).lower() != "descent"
    }
    if not found:
        raise ValueError(f"No installed package has any of the modules {sorted(wanted)[:10]}.")
    chapters = [_python(), *(_chapter(found[name]) for name in sorted(found))]
    return _HEAD + "\n" + "\n".join(chapters)


def _name(item: Distribution) -> str:
    return str(item.metadata["Name"])


def _top_modules(item: Distribution) -> Iterator[str]:
    """The first part of each file's path, without what an extension module is called behind it."""
    for path in item.files or ():
        first = path.parts[0]
        if not first.endswith((".dist-info", ".egg-info")) and first not in ("..", "__pycache__"):
            yield first.partition(".")[0] if len(path.parts) == 1 else first


def _chapter(item: Distribution) -> str:
    texts = [
        Path(str(item.locate_file(path))).read_text("utf-8", "replace").strip()
        for path in item.files or ()
        if is_licence(path.as_posix()) and Path(str(item.locate_file(path))).is_file()
    ]
    lines = [_LINE, f"{_name(item)} {item.version}", f"Licence: {_licence(item)}"]
    lines += [f"Found at: {place}" for place in [_place(item)] if place]
    return "\n".join([*lines, _LINE, "", *(f"{text}\n" for text in dict.fromkeys(texts))])


def _licence(item: Distribution) -> str:
    """As its metadata names it, in a line."""
    told = item.metadata.get("License-Expression") or item.metadata.get("License") or ""
    if told and "\n" not in told.strip():
        return str(told).strip()
    classes = item.metadata.get_all("Classifier") or []
    names = [text.rpartition(" :: ")[2] for text in classes if text.startswith(_CLASSIFIER)]
    return ", ".join(names) or "see its text"


def _place(item: Distribution) -> str:
    urls = [text.partition(",")[2].strip() for text in item.metadata.get_all("Project-URL") or []]
    return str(item.metadata.get("Home-page") or next(iter(urls), ""))


def _python() -> str:
    folder = Path(sysconfig.get_path("stdlib"))
    places = (
        folder / "LICENSE.txt",
        folder.parent / "LICENSE.txt",
        Path(sys.base_prefix) / "LICENSE.txt",
    )
    text = next((path.read_text("utf-8", "replace") for path in places if path.is_file()), "")
    head = f"Python {sys.version.split()[0]}\nLicence: PSF-2.0\nFound at: https://www.python.org"
    return f"{_LINE}\n{head}\n{_LINE}\n\n{text.strip()}\n"
