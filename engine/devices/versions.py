"""Which versions are at work: Descent's own and those of what it stands on.

Read from what the packages say of themselves; none of them is imported.
"""

from __future__ import annotations

import importlib.metadata as metadata
import platform
from typing import Final

from engine import __version__

NOT_INSTALLED: Final = "not installed"

_PACKAGES: Final = {"TensorFlow": "tensorflow", "Keras": "keras", "PySide6": "pyside6"}
"""By the name people know."""
_OTHER_NAMES: Final = {
    "tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tf-nightly"),
    "pyside6": ("pyside6-essentials",),
}
"""Packages that bring the same."""


def installed_version(package: str) -> str:
    """Returns the version of an installed package, or of one that brings the same; empty: none."""
    for name in (package, *_OTHER_NAMES.get(package, ())):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:  # or bundled without its metadata
            continue
    return ""


def versions() -> dict[str, str]:
    """Returns the version of each by its name, Descent first; `NOT_INSTALLED` where it is not."""
    found = {"Descent": __version__, "Python": platform.python_version()}
    for name, package in _PACKAGES.items():
        found[name] = installed_version(package) or NOT_INSTALLED
    return found


def package_versions() -> dict[str, str]:
    """Returns the versions that a result depends on, by package; without what is not installed."""
    found = {"descent": __version__, "python": platform.python_version()}
    names = ("tensorflow", "keras", "numpy")
    return found | {name: version for name in names if (version := installed_version(name))}


def version_lines() -> tuple[str, str]:
    """Returns Descent's version, and those of the others, each on a line for people."""
    descent, *others = (f"{name} {version}" for name, version in versions().items())
    return descent, ", ".join(others)
