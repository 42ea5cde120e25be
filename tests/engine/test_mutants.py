"""Damaged files are read, or refused in words; some hundred here, ten thousand in the benchmark."""

from __future__ import annotations

from pathlib import Path

from tests.mutants import KINDS, tried


def test_none_crashes_hangs_or_takes_the_memory(tmp_path: Path) -> None:
    outcomes = list(tried(KINDS, range(24), tmp_path))
    assert len(outcomes) == 24 * len(KINDS)
    faults = [outcome for outcome in outcomes if outcome.is_fault]
    assert not faults, "\n".join(f"{o.kind} {o.number}: {o.what} {o.details}" for o in faults)
    assert {outcome.what for outcome in outcomes} == {"read", "refused"}
