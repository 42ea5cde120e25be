"""What holds for every test: nothing is kept in the cache of the person who runs them, and nothing
goes on after a test.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin_packages import found_sound, install_sample

from engine.files import CACHE_VARIABLE
from engine.spec.plugins.loading import PLUGINS
from tests.left_running import LeftRunning, record_starts
from tests.warm_workers import workers_are_warm

record_starts()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything",
        action="store_true",
        help="Also the dear cases that others cover: every architecture with every task. Once a "
        "release: python -m pytest -n 2 --dist worksteal --everything",
    )


# Where one test takes half a minute or more: begun first, none is left to one worker at the end.
LONG = frozenset(
    {"end_to_end", "test_benchmarks", "test_adding", "test_cluster_runs", "test_cluster_steps"}
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.isdisjoint((item.path.stem, item.path.parent.name)))
    if config.getoption("--everything"):
        return
    dear = [item for item in items if item.get_closest_marker("everything")]
    config.hook.pytest_deselected(items=dear)
    items[:] = [item for item in items if item not in set(dear)]


@pytest.fixture(autouse=True)
def private_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Unpacked data goes to a temporary folder."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """A thread or a process that outlives its test fails it."""
    running = LeftRunning()
    yield
    left = [*running.threads(), *running.processes()]
    if left:
        pytest.fail("\n".join(["Left running by the test:", *left]), pytrace=False)


@pytest.fixture
def plugin_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the module path for packages with plug-ins; forgotten after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    modules = set(sys.modules)
    PLUGINS.forget()
    yield folder
    PLUGINS.forget()
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(folder)):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def sample(plugin_site: Path) -> Path:
    """The sample package, installed and found sound."""
    install_sample(plugin_site)
    found_sound()
    return plugin_site


@pytest.fixture
def warm_workers() -> Iterator[None]:
    """The workers of a session begin with TensorFlow loaded, which takes seconds otherwise."""
    with workers_are_warm():
        yield
