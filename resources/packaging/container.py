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
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

PACKAGE: Final = "/package"
HOME: Final = "/home/person"
_OF_DESKTOPS: Final = (
    "/etc/fonts",
    "/usr/share/fontconfig",
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/X11/xkb",
    "/usr/share/X11/locale",
    "/usr/share/zoneinfo/UTC",
)
_NOT_NEEDED: Final = re.compile(r"linux-vdso|statically linked")


class Container:
    """An empty root.

    Args:
        root: An empty folder that becomes it.
        package: The folder of a package; it can be read there, and not written.
    """

    def __init__(self, root: Path, package: Path) -> None:
        self.root = root
        self.package = package.resolve()
        self.libraries = system_libraries(self.package)
        for path in (*self.libraries, *filter(os.path.exists, _OF_DESKTOPS)):
            self._copy(Path(path))
        for name in (PACKAGE, HOME, "/tmp", "/proc", "/dev/shm", "/tmp/.X11-unix"):
            (root / name.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for device in ("null", "zero", "urandom"):
            (root / "dev" / device).touch()

    @property
    def home(self) -> Path:
        """The person's folder, seen from outside."""
        return self.root / HOME.lstrip("/")

    def pythons(self) -> list[str]:
        """Files in it whose names tell of Python, other than in the package: there must be none."""
        inside = (path.relative_to(self.root) for path in self.root.rglob("*python*"))
        return [str(path) for path in inside if not str(path).startswith(PACKAGE.lstrip("/"))]

    def command(self, words: Sequence[str], environment: dict[str, str]) -> list[str]:
        """The command that runs words in it; the first is a program of the package.

        Args:
            words: Of the command line.
            environment: All variables that it has.
        """
        root = shlex.quote(str(self.root))
        mounts = [f"mount --bind {shlex.quote(str(self.package))} {root}{PACKAGE}"]
        mounts += [f"mount -o remount,bind,ro {root}{PACKAGE}"]
        mounts += [f"mount --bind /dev/{name} {root}/dev/{name}" for name in ("null", "zero", "urandom")]
        mounts += [f"mount -t tmpfs tmpfs {root}/dev/shm", f"mount -t proc proc {root}/proc"]
        if Path("/tmp/.X11-unix").is_dir():
            mounts.append(f"mount --bind /tmp/.X11-unix {root}/tmp/.X11-unix")
        variables = " ".join(shlex.quote(f"{name}={value}") for name, value in environment.items())
        program = shlex.join([f"{PACKAGE}/{words[0]}", *words[1:]])
        script = f"{' && '.join(mounts)} && exec env -i {variables} {shutil.which('chroot')} {root} {program}"
        rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        spaces = ["--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child"]
        return ["unshare", *rights, *spaces, "sh", "-c", script]

    def _copy(self, path: Path) -> None:
        to = self.root / str(path).lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, to, dirs_exist_ok=True, ignore_dangling_symlinks=True)
        else:
            shutil.copy(path, to)


def system_libraries(package: Path) -> list[str]:
    """The libraries of the system that those of a package are linked with, as the loader finds them."""
    inside = {path.name for path in package.rglob("*.so*")}
    programs = [path for path in package.iterdir() if path.is_file() and os.access(path, os.X_OK)]
    asked: Iterable[Path] = [*programs, *package.rglob("*.so*")]
    found: dict[str, str] = {}
    for path in asked:
        if path.is_symlink() or not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
            continue
        told = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
        for line in told.splitlines():
            name, _, place = line.strip().partition(" => ")
            place = (place or name).partition(" (")[0].strip()
            if not place.startswith("/") or _NOT_NEEDED.search(line):
                continue
            if Path(name).name not in inside and package not in Path(place).parents:
                found[Path(name).name] = place
    return sorted(found.values())
