"""A container without Python: an empty root with a package in it, and what any desktop has.

Linux alone. It has no network, no shell and no other program; from the system come only the
libraries that the package leaves to it, fonts and keyboard layouts. Needs the rights of root, or
user namespaces (``unshare`` says so where it has neither).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

PACKAGE: Final = "/package"
HOME: Final = "/home/person"
_DISPLAYS: Final = "/tmp/.X11-unix"
_OF_DESKTOPS: Final = (
    "/etc/fonts",
    "/usr/share/fontconfig",
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/X11/xkb",
    "/usr/share/X11/locale",
    "/usr/lib/locale/C.utf8",
)
_DEVICES: Final = ("null", "zero", "urandom")
_LINKED: Final = re.compile(r"^\t(\S+)(?: => (not found|/\S+))?(?: \(0x|$)", re.MULTILINE)
_AT_ONCE: Final = 200


class Container:
    """An empty root.

    Args:
        root: An empty folder that becomes it.
        package: The folder of a package; it can be read there, and not written.
    """

    def __init__(self, root: Path, package: Path) -> None:
        self.root = root
        self.package = package.resolve()
        self.libraries, self.missing = system_libraries(self.package)
        for path in (*self.libraries.values(), *filter(os.path.exists, _OF_DESKTOPS)):
            self._copy(Path(path))
        for name in (PACKAGE, HOME, "/tmp", "/proc", "/dev/shm", _DISPLAYS):
            (root / name.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for device in _DEVICES:
            (root / "dev" / device).touch()

    @property
    def home(self) -> Path:
        """The person's folder, seen from outside."""
        return self.root / HOME.lstrip("/")

    def pythons(self) -> list[str]:
        """Files in it whose names tell of Python, other than in the package: there must be none."""
        inside = (path.relative_to(self.root) for path in self.root.rglob("*python*"))
        return [str(path) for path in inside if not str(path).startswith(PACKAGE.lstrip("/"))]

    def command(self, words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """The command that runs words in it; the first is a program of the package.

        Args:
            words: Of the command line.
            environment: All variables that it has.
        """
        root, package = (shlex.quote(str(path)) for path in (self.root, self.package))
        steps = [
            f"mount --bind {package} {root}{PACKAGE}",
            f"mount -o remount,bind,ro {root}{PACKAGE}",
            *(f"mount --bind /dev/{name} {root}/dev/{name}" for name in _DEVICES),
            f"mount -t tmpfs tmpfs {root}/dev/shm",
            f"mount -t proc proc {root}/proc",
        ]
        if Path(_DISPLAYS).is_dir():
            steps.append(f"mount --bind {_DISPLAYS} {root}{_DISPLAYS}")
        variables = shlex.join(f"{name}={value}" for name, value in environment.items())
        program = shlex.join([f"{PACKAGE}/{words[0]}", *words[1:]])
        steps.append(f"exec env -i {variables} {shutil.which('chroot')} {root} {program}")
        rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        spaces = ["--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child"]
        return ["unshare", *rights, *spaces, "sh", "-c", " && ".join(steps)]

    def _copy(self, path: Path) -> None:
        to = self.root / str(path).lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, to, dirs_exist_ok=True, ignore_dangling_symlinks=True)
        else:
            shutil.copy(path, to)


def system_libraries(package: Path) -> tuple[dict[str, str], list[str]]:
    """The system's libraries that those of a package are linked with.

    Args:
        package: Its folder.

    Returns:
        By name, where the loader finds them; and those that are neither in the package nor here.
    """
    programs = [path for path in package.iterdir() if path.is_file() and _is_binary(path)]
    libraries = [path for path in package.rglob("*.so*") if path.is_file() and _is_binary(path)]
    inside = {path.name for path in libraries}
    found: dict[str, str] = {}
    missing: set[str] = set()
    # The programs themselves begin before anything has said where the package's libraries lie.
    for binaries, own in ((programs, set[str]()), (libraries, inside)):
        for name, place in _linked(binaries):
            if Path(name).name in own:
                continue
            if place == "not found":
                missing.add(name)
            elif package not in Path(place or name).parents and Path(place or name).is_file():
                found[Path(name).name] = place or name
    return found, sorted(missing)


def _linked(binaries: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """What binaries are linked with, directly or not: names and places, as ``ldd`` tells them."""
    for start in range(0, len(binaries), _AT_ONCE):
        command = ["ldd", *map(str, binaries[start : start + _AT_ONCE])]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        yield from _LINKED.findall(told)


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"
