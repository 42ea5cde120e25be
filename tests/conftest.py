"""What holds for every test: nothing is kept in the cache of the person who runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.files import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def private_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Unpacked data goes to a temporary folder."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder
