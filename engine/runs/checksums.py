"""Checksums of the numbers in the database: SQLite does not notice a bit that has changed."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping
from typing import Any


def metrics_checksum(metrics: str) -> int:
    """Of what the table `runs` has of a run's metrics."""
    return zlib.crc32(metrics.encode("utf-8", errors="surrogatepass"))


def epoch_checksum(epoch: Mapping[str, Any] | sqlite3.Row) -> int:
    """Of what is shown of a row of the table `epochs`."""
    shown = (epoch["epoch"], epoch["step"], bool(epoch["is_best"]), epoch["metrics"])
    return metrics_checksum(repr(shown))


def steps_checksum(metric: str, first_step: int, numbers: bytes | memoryview) -> int:
    """Of a row of the table `steps`."""
    return zlib.crc32(numbers, metrics_checksum(f"{metric} {first_step}"))
