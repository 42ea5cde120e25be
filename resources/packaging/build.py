"""Builds a package of Descent for people without Python, for the system this runs on.

    python resources/packaging/build.py

makes an environment of its own in `build`, which takes some gigabytes and minutes, and leaves a
folder and an archive of it in `dist`. README.md beside this file says what is in them.
"""

from __future__ import annotations

import argparse
import ast
import platform
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from typing import Final

from container import system_libraries

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
NAMES: Final = {"win32": "windows", "darwin": "macos"}
PROCESSORS: Final = {"amd64": "x86_64", "arm64": "aarch64"}
COMMAND: Final = "descent-cli.exe" if sys.platform == "win32" else "descent-cli"
SYMBOLS_IN: Final = "libtensorflow*.so.*"
"""A quarter of these are names for debuggers. Others are small, and some do not bear it."""


def main() -> int:
    """Builds, and says where it lies."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--here",
        action="store_true",
        help="with the packages of this Python, which must have descent[package], not in an "
        "environment of its own",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the package goes")
    parser.add_argument("--no-archive", action="store_true", help="make the folder alone")
    given = parser.parse_args()
    if not given.here:
        python = environment(ROOT / "build" / "environment")
        return subprocess.run([python, __file__, "--here", *sys.argv[1:]], check=False).returncode
    folder = build(given.out.absolute())
    told = [folder]
    if not given.no_archive:
        told.append(archived(folder))
    for path in told:
        print(f"{path}: {size(path) / 1e6:,.0f} MB")
    return 0


def environment(folder: Path) -> str:
    """Makes an environment with all that a package holds; returns its Python."""
    venv.create(folder, clear=True, with_pip=True)
    python = str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
    pip = (python, "-m", "pip")
    run(*pip, "install", "--quiet", f"{ROOT}[package]")
    run(*pip, "uninstall", "--quiet", "--yes", "descent")  # the folder of this file is built
    if sys.platform == "linux" and platform.machine() == "x86_64":
        # Without CUDA's own libraries, gigabytes, that with CUDA computes on the processor, too.
        code = "import importlib.metadata as m; print(m.version('tensorflow'))"
        version = subprocess.check_output([python, "-c", code], text=True).strip()
        run(*pip, "uninstall", "--quiet", "--yes", "tensorflow")
        run(*pip, "install", "--quiet", f"tensorflow-cpu=={version}")
    return python


def build(out: Path) -> Path:
    """Builds the folder.

    Args:
        out: Where it goes.

    Raises:
        subprocess.CalledProcessError: PyInstaller failed, or what it made does not start.
        FileNotFoundError: This machine lacks a library.
        ValueError: What it made has another version than this clone.
    """
    work = ROOT / "build" / "package"
    shutil.rmtree(work / "made", ignore_errors=True)
    run(sys.executable, str(HERE / "icons.py"), str(work / "icons"))
    # Anew: PyInstaller would keep what it found before a library was installed here.
    words = ("--noconfirm", "--clean", "--workpath", str(work), "--distpath", str(work / "made"))
    run(sys.executable, "-m", "PyInstaller", *words, str(HERE / "descent.spec"))
    made = work / "made" / "descent"
    drop_symbols(made)
    put_beside(made, work)
    check_libraries(made)
    told = subprocess.check_output([made / COMMAND, "--version"], text=True)
    if told.splitlines()[0] != f"Descent {version()}":
        raise ValueError(f"The package should be of version {version()}. Received: {told}")
    out.mkdir(parents=True, exist_ok=True)
    folder = out / name()
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)
    application = work / "made" / "Descent.app"
    if application.exists():
        shutil.rmtree(out / application.name, ignore_errors=True)
        application.rename(out / application.name)
    return folder


def check_libraries(folder: Path) -> None:
    """What is linked with something that this machine lacks would fail on every other.

    Raises:
        FileNotFoundError: Something is.
    """
    if sys.platform != "linux":
        return
    _, missing = system_libraries(folder)
    if missing:
        raise FileNotFoundError(
            f"The package needs libraries that are not installed here: {', '.join(missing)}. "
            "README.md beside this file names the packages of Debian that bring them."
        )


def version() -> str:
    """Of this clone, read without importing it."""
    for node in ast.parse((ROOT / "engine" / "__init__.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and "__version__" in ast.unparse(node):
            return str(ast.literal_eval(node.value))  # type: ignore[arg-type]
    raise ValueError("engine/__init__.py has no __version__.")


def name() -> str:
    """Of the folder and the archive: version, system, processor."""
    system = NAMES.get(sys.platform, sys.platform)
    processor = platform.machine().lower()
    return f"descent-{version()}-{system}-{PROCESSORS.get(processor, processor)}"


def drop_symbols(folder: Path) -> None:
    """Leaves out of TensorFlow's own libraries what only debuggers read."""
    strip = shutil.which("strip")
    if sys.platform != "linux" or strip is None:
        return
    for path in folder.rglob(SYMBOLS_IN):
        if not path.is_symlink():
            run(strip, "--strip-all", str(path))


def put_beside(folder: Path, work: Path) -> None:
    """Adds what people need and programs do not: licences, and how it gets into the menu.

    Args:
        folder: The package.
        work: Where icons and licences were written.
    """
    shutil.copy(ROOT / "LICENSE", folder)
    shutil.copy(work / "THIRD-PARTY-LICENCES.txt", folder)
    shutil.copy(HERE / "READ-ME.txt", folder)
    if sys.platform != "linux":
        return
    linux, share = HERE / "linux", folder / "share"
    shutil.copy(linux / "install.sh", folder)
    for source, place in (("descent.desktop", "applications"), ("descent.xml", "mime/packages")):
        (share / place).mkdir(parents=True)
        shutil.copy(linux / source, share / place)
    drawn = {f"{path.stem}x{path.stem}": path for path in (work / "icons").glob("*.png")}
    for size_name, path in {**drawn, "scalable": ROOT / "resources" / "descent.svg"}.items():
        for kind, title in (("apps", "descent"), ("mimetypes", "application-x-descent-run")):
            place = share / "icons" / "hicolor" / size_name / kind
            place.mkdir(parents=True)
            shutil.copy(path, place / f"{title}{path.suffix}")


def archived(folder: Path) -> Path:
    """Packs the folder into an archive beside it, as its system has them."""
    if sys.platform == "win32":
        return Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name))
    path = folder.with_name(f"{folder.name}.tar.gz")
    with tarfile.open(path, "w:gz", compresslevel=6) as archive:
        archive.add(folder, folder.name)
    return path


def size(path: Path) -> int:
    """Bytes of a file, or of all below a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(item.lstat().st_size for item in files if not item.is_dir())


def run(*command: str) -> None:
    """Runs a command to its end.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
