"""What holds for every test: nothing is kept in the cache of the person who runs them, and nothing
goes on after a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.files import CACHE_VARIABLE
from tests.left_running import LeftRunning, record_starts

record_starts()


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
