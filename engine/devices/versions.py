"""Which versions are at work: Descent's own and those of what it stands on.

Read from what the packages say of themselves; none of them is imported.
"""

from __future__ import annotations

import importlib.metadata as metadata
import platform
from typing import Final

from engine import __version__

NOT_INSTALLED: Final = "not installed"

_PACKAGES: Final = {
    "TensorFlow": ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tf-nightly"),
    "Keras": ("keras",),
    "PySide6": ("pyside6", "pyside6-essentials"),
}
"""By the name people know: the packages that may bring it."""


def installed_version(package: str) -> str:
    """Returns the version of an installed package, or nothing where there is none of that name."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # or bundled without its metadata
        return ""


def versions() -> dict[str, str]:
    """Returns the version of each by its name, Descent first; `NOT_INSTALLED` where it is not."""
    found = {"Descent": __version__, "Python": platform.python_version()}
    for name, packages in _PACKAGES.items():
        installed = (installed_version(package) for package in packages)
        found[name] = next((version for version in installed if version), NOT_INSTALLED)
    return found


def version_lines() -> tuple[str, str]:
    """Returns Descent's version, and those of the others, each on a line for people."""
    descent, *others = (f"{name} {version}" for name, version in versions().items())
    return descent, ", ".join(others)
