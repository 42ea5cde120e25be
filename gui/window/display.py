"""Whether there is a display to open a window on. Qt would end the program where there is none."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

_LOCAL_DISPLAY = re.compile(r"(?:unix)?:(\d+)(?:\.\d+)?")
_TIMEOUT_S = 1.0


def display_problem(
    environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> str:
    """Says why no window can be opened; empty where nothing speaks against it.

    Args:
        environment: The environment variables.
        platform: As in `sys.platform`.
    """
    if not platform.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return ""
    display, wayland = environment.get("DISPLAY", ""), environment.get("WAYLAND_DISPLAY", "")
    if not display and not wayland:
        return "There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set."
    if wayland and Path(environment.get("XDG_RUNTIME_DIR", ""), wayland).exists():
        return ""
    local = _LOCAL_DISPLAY.fullmatch(display)
    if display and (local is None or _answers(int(local[1]))):
        return ""
    return f"The display does not answer. Received: '{display or wayland}'."


def _answers(number: int) -> bool:
    """Something listens where the X server of that number does."""
    path = f"/tmp/.X11-unix/X{number}"
    # Linux has a name without a file as well, which outlives a cleaned folder.
    return any(_connects(address) for address in (path, f"\0{path}"))


def _connects(address: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_TIMEOUT_S)
        try:
            client.connect(address)
        except OSError:
            return False
    return True
