"""What was measured of other ways in earlier runs, kept beside what XLA compiled. For workers only.

A run of a model that was trained before on this machine does not have to find out again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.devices.compiled_programs import compiled_programs
from engine.devices.cores import usable_cores
from engine.errors import DescentError
from engine.files import atomic_write
from engine.files.bounded import DAMAGED, member, read_object
from engine.training.plan import Way
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps.twin_chunk import layers_of

logger = logging.getLogger(__name__)

MEASURED_EVERY: Final = 8
"""So many runs go by one verdict; the next measures again: a machine may have changed."""
BUSIER: Final = 1.2
"""Where a step took this many times as long, something else was computing as well."""
MOST_KEPT: Final = 1_000
_PREFIX: Final = "verdict-"
_MEASURED: Final = ("plain", "trial")


@dataclass(frozen=True)
class Verdict:
    """What a run measured.

    Attributes:
        is_faster: The way was worth it.
        plain_step_s: Seconds of a step without it.
        trial_step_s: Seconds of a step with it.
        uses: Runs that have gone by it.
        programs: Names of the programs that were compiled; without them it would take long again.
    """

    is_faster: bool
    plain_step_s: float
    trial_step_s: float
    uses: int
    programs: tuple[str, ...]

    def was_busier(self, plain_step_s: float) -> bool:
        """The machine had more to do then than where a step takes so long: it says little."""
        return self.plain_step_s > BUSIER * plain_step_s

    def is_busier(self, plain_step_s: float) -> bool:
        """The machine has more to do now, where a step takes so long, than it had then."""
        return plain_step_s > BUSIER * self.plain_step_s


class Verdicts:
    """What is known of training such a model with such batches.

    Args:
        loop: Trains the model.
        data: Examples; only their shapes matter.
        batch_size: Examples in a batch.
        ways: The one in question, and before it the one that is in use, if any.
    """

    def __init__(
        self, loop: StepLoop, data: DeviceData, batch_size: int, ways: Sequence[Way] = (Way.XLA,)
    ) -> None:
        self._folder = compiled_programs().folder
        self._name = ""
        self._known: Verdict | None = None
        if self._folder is not None:
            try:
                self._name = f"{_PREFIX}{_digest(loop, data, batch_size, ways)}.json"
            except Exception:  # a layer of somebody else's that does not tell of itself
                logger.info("Nothing is remembered of this model.", exc_info=True)

    def recall(self) -> Verdict | None:
        """Returns what holds for this run; None: nothing is known, or it is to be measured anew."""
        path = self._path
        if path is None:
            return None
        try:
            self._known = verdict = _understood(read_object(path))
        except DAMAGED:
            return None
        if verdict.is_faster and not all((path.parent / it).exists() for it in verdict.programs):
            return None
        compiled_programs().note_use(verdict.programs)
        if verdict.uses >= MEASURED_EVERY:
            return None
        self._write(path, replace(verdict, uses=verdict.uses + 1))
        return verdict

    def remember(self, verdict: Verdict) -> None:
        """Keeps what was measured in this run, unless a busy machine speaks against a way."""
        path, known = self._path, self._known
        if path is None:
            return
        is_against = known is not None and known.is_faster and not verdict.is_faster
        if is_against and known is not None and known.is_busier(verdict.plain_step_s):
            return
        if not verdict.programs and self._known is not None:
            verdict = replace(verdict, programs=self._known.programs)
        self._write(path, verdict)
        kept = sorted(path.parent.glob(f"{_PREFIX}*"), key=_written_at)
        for old in kept[:-MOST_KEPT]:
            with contextlib.suppress(OSError):
                old.unlink()

    def forget(self) -> None:
        """The next run measures again."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()

    @property
    def _path(self) -> Path | None:
        return self._folder / self._name if self._folder is not None and self._name else None

    def _write(self, path: Path, verdict: Verdict) -> None:
        with contextlib.suppress(OSError, DescentError):  # it is known in this run all the same
            atomic_write(path, json.dumps(asdict(verdict)) + "\n")


def _digest(loop: StepLoop, data: DeviceData, batch_size: int, ways: Sequence[Way]) -> str:
    """Of all that decides what the graph of a step is, and how fast."""
    compiled = loop.model.get_compile_config()
    optimizer = compiled.get("optimizer", {}).get("config", {})
    optimizer.pop("learning_rate", None)  # a variable of the graph
    said = [
        layers_of(loop.model),
        json.dumps(compiled, sort_keys=True, default=repr),
        [(it.shape.as_list()[1:], it.dtype.name) for it in data.tensors],
        batch_size,
        len(data) // batch_size,
        loop.fused,
        loop.augments,
        loop.device,
        usable_cores(),
        [way.name for way in ways],
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def _understood(values: dict[str, Any]) -> Verdict:
    plain_s, trial_s = (float(member(values, f"{it}_step_s", float)) for it in _MEASURED)
    if not all(math.isfinite(it) and it > 0 for it in (plain_s, trial_s)):
        raise ValueError("a step takes some time")
    programs = member(values, "programs", list)
    if not all(isinstance(it, str) and it == Path(it).name for it in programs):
        raise ValueError("these are no names of files")
    is_faster, uses = member(values, "is_faster", bool), member(values, "uses", int)
    return Verdict(is_faster, plain_s, trial_s, uses, tuple(programs))


def _written_at(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.lstat().st_mtime
    return 0.0
