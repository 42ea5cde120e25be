"""Packages with plug-ins, made for tests: on the module path, or as a wheel to be installed.

folder = install_sample(tmp_path)          # as pip would leave it
monkeypatch.syspath_prepend(folder)
"""

from __future__ import annotations

import shutil
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from engine.spec.plugins import verdicts
from engine.spec.plugins.discovery import declared
from engine.spec.plugins.record import PluginState

SAMPLE = Path(__file__).parent / "plugins" / "sample"

EntryPoints = Mapping[str, Mapping[str, str]]
"""Targets by name, by group."""


def install(
    folder: Path, package: str, module: str, source: str, points: EntryPoints, version: str = "1.0"
) -> Path:
    """Leaves a package of one module in a folder, as an installation does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(source)
    _write_metadata(folder / f"{module}-{version}.dist-info", package, version, points)
    return folder


def install_sample(folder: Path) -> Path:
    """Leaves the sample package in a folder."""
    shutil.copytree(
        SAMPLE / "descent_sample",
        folder / "descent_sample",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    project = _project()
    metadata = folder / f"descent_sample-{project['version']}.dist-info"
    _write_metadata(metadata, project["name"], project["version"], project["entry-points"])
    return folder


def sample_wheel(folder: Path) -> Path:
    """Makes a wheel of the sample package, as its build backend would; none is at hand offline."""
    project = _project()
    stem = f"descent_sample-{project['version']}"
    content = install_sample(folder / "content")
    metadata = content / f"{stem}.dist-info"
    (metadata / "WHEEL").write_text(
        "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files = sorted(path for path in content.rglob("*") if path.is_file())
    record = [f"{path.relative_to(content).as_posix()},," for path in files]
    record.append(f"{stem}.dist-info/RECORD,,")
    (metadata / "RECORD").write_text("\n".join(record) + "\n")
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in (*files, metadata / "RECORD"):
            archive.write(path, path.relative_to(content).as_posix())
    return wheel


def _project() -> dict:
    return tomllib.loads((SAMPLE / "pyproject.toml").read_text())["project"]


def _write_metadata(folder: Path, package: str, version: str, points: EntryPoints) -> None:
    folder.mkdir()
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    )
    lines = []
    for group, targets in points.items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in targets.items()), ""]
    (folder / "entry_points.txt").write_text("\n".join(lines))


def found_sound() -> None:
    """As if the check had found every plug-in sound."""
    for record in declared():
        if record.state is PluginState.UNCHECKED:
            verdicts.keep(replace(record, state=PluginState.READY, title=record.name))
