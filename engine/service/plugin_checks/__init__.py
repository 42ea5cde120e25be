"""Plugin checks: whether what another package adds can be trusted with a window and a run.

Each plug-in is imported and put through the contract of its base class in a process of its own
(`process.py`), under a limit of time. Whatever it does there, hang, crash, `sys.exit`, ends that
process alone, and becomes the reason why it is left out.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import re
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from engine.architectures import ARCHITECTURES
from engine.datasets import DATASETS, FORMATS
from engine.devices.console.startup import held_back
from engine.preprocessing.augmentation import AUGMENTATIONS
from engine.service.plugin_checks import process
from engine.service.plugin_checks.process import Stage
from engine.spec.plugins import verdicts
from engine.spec.plugins.plots import PLOTS
from engine.spec.plugins.record import Group, PluginRecord, PluginState

logger = logging.getLogger(__name__)

POLL_S: Final = 0.05
LOG_TAIL_BYTES: Final = 2_000
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_OWN_NAMES: Final = {
    Group.DATASETS: lambda: DATASETS.own_names,
    Group.FORMATS: lambda: FORMATS.own_names,
    Group.ARCHITECTURES: lambda: ARCHITECTURES.own_names,
    Group.AUGMENTATIONS: lambda: AUGMENTATIONS.own_names,
    Group.PLOTS: lambda: PLOTS.own_names,
}


@dataclass(frozen=True)
class Limits:
    """How long a check may take; generous, for a machine may be busy.

    Attributes:
        start_s: Seconds until the process stands.
        import_s: Seconds for the import.
        contract_s: Seconds for everything else.
    """

    start_s: float = 180.0
    import_s: float = 60.0
    contract_s: float = 300.0

    def of(self, stage: Stage) -> float:
        """Seconds for one stage."""
        return {
            Stage.STARTING: self.start_s,
            Stage.IMPORTING: self.import_s,
            Stage.CHECKING: self.contract_s,
        }[stage]


def check_all(
    records: Iterable[PluginRecord],
    limits: Limits | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[PluginRecord]:
    """Yields each plug-in with its verdict, which is kept for the next start.

    Those of one package share a process, as long as it stands.

    Args:
        records: What is to be checked.
        limits: How long it may take.
        should_stop: Asked often; what is not checked then is not yielded.
    """
    by_package: dict[str, list[PluginRecord]] = {}
    for record in records:
        by_package.setdefault(record.package, []).append(record)
    for package in by_package.values():
        for found in _check_package(package, limits or Limits(), should_stop):
            verdicts.keep(found)
            yield found


def check(record: PluginRecord, limits: Limits | None = None) -> PluginRecord:
    """Returns a plug-in with its verdict."""
    return next(check_all([record], limits))


def _check_package(
    records: Iterable[PluginRecord], limits: Limits, should_stop: Callable[[], bool]
) -> Iterator[PluginRecord]:
    waiting: list[PluginRecord] = []
    for record in records:
        unfit = _name_problem(record)
        if unfit:
            yield _refused(record, *unfit)
        else:
            waiting.append(record)
    while waiting and not should_stop():
        for found in _ask(waiting, limits, should_stop):
            waiting = [record for record in waiting if record.key != found.key]
            yield found


def _ask(
    records: list[PluginRecord], limits: Limits, should_stop: Callable[[], bool]
) -> Iterator[PluginRecord]:
    """Yields verdicts while a process stands: of one plug-in at least, unless it is stopped."""
    logger.info("Checking %s", "; ".join(record.words for record in records))
    # On Windows the process may hold its log a moment longer; what is left there is temporary.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "check.log"
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        child = context.Process(
            target=process.main,
            args=(theirs, records, log),
            name="descent-plugin-check",
            daemon=True,
        )
        try:
            with held_back():
                child.start()
            theirs.close()  # so that the pipe ends when the process does
            yield from _listen(ours, child, records, limits, should_stop, log)
        finally:
            if child.pid is not None:
                child.kill()
                child.join()
            ours.close()


def _listen(
    connection: Connection,
    child: SpawnProcess,
    records: list[PluginRecord],
    limits: Limits,
    should_stop: Callable[[], bool],
    log: Path,
) -> Iterator[PluginRecord]:
    """Yields what the process finds, and what is to be said where it cannot say it itself."""
    stage, record = Stage.STARTING, records[0]
    until = time.monotonic() + limits.of(stage)
    try:
        while not should_stop():
            if connection.poll(POLL_S):
                said = connection.recv()
                if said is None:
                    return
                if isinstance(said, PluginRecord):
                    yield said
                    continue
                name, place = said
                stage, record = Stage(name), records[place]
                until = time.monotonic() + limits.of(stage)
            elif time.monotonic() > until:
                yield _refused(
                    record,
                    f"{stage.words} did not end within {limits.of(stage):g} s.",
                    "Nothing may wait for a network, a device or a person there; what takes long "
                    "belongs inside load, build, change or draw.",
                    _tail(log),
                )
                return
    except (EOFError, OSError):
        child.join(5.0)
        yield _refused(
            record,
            f"{stage.words} ended the process ({_ending(child.exitcode)}).",
            "Whatever ends a process would take the window along. Its last words are in the "
            "details.",
            _tail(log),
        )


def _name_problem(record: PluginRecord) -> tuple[str, str] | None:
    """What is wrong with a name, and what mends it; None: nothing."""
    if not _NAME.fullmatch(record.name):
        return (
            f"A name is lower case letters, digits and underscores. Received: '{record.name}'.",
            "Change the name of its entry point and of its class.",
        )
    if record.name in _OWN_NAMES[record.group]():
        return (
            f"One of Descent's own {record.group.word}s has this name: '{record.name}'.",
            "Change the name of its entry point and of its class.",
        )
    return None


def _refused(record: PluginRecord, reason: str, hint: str, details: str = "") -> PluginRecord:
    return replace(record, state=PluginState.REFUSED, reason=reason, hint=hint, details=details)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


def _tail(log: Path) -> str:
    try:
        return log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", errors="replace")
    except OSError:
        return ""
