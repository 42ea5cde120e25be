"""Processes that begin with TensorFlow loaded: forked from a helper that has loaded it once.

The engine spawns its workers, and each imports TensorFlow, for seconds. What most tests ask of a
process of its own does not depend on how it began: their sessions take the fixture
``warm_workers``, their programs are a `WarmProgram`. Where nothing can be forked safely, they begin
in the usual way.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PRELOADED = ["tensorflow", "keras", "engine.service.execution", "engine.training.job"]

if sys.platform == "linux":
    _context: Any = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload(PRELOADED)
else:
    _context = multiprocessing.get_context("spawn")


class WarmWorkers:
    """Stands for the module `multiprocessing` in a session, and for the context it asks for."""

    Pipe = staticmethod(_context.Pipe)

    def get_context(self, kind: str) -> WarmWorkers:
        """Whatever kind is asked for."""
        return self

    def Process(self, target: Callable[..., object], args: tuple[Any, ...], **named: Any) -> Any:
        """A process with the environment of now: the helper has that of its own start."""
        return _context.Process(target=_begin, args=(dict(os.environ), target, args), **named)


@contextmanager
def workers_are_warm() -> Iterator[None]:
    """Within it sessions fork their workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.service.session.multiprocessing", WarmWorkers())
        yield


class WarmProgram:
    """Python's process with some arguments, and pipes to read from, as `subprocess.Popen` has them.

    Args:
        arguments: A file of the project, or ``-c`` and code, and what they are given.
        environment: Variables beside those of now.
    """

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        pipes = [_context.Pipe(duplex=False) for _ in range(2)]
        values = {**os.environ, **(environment or {})}
        self._process = _context.Process(
            target=_begin, args=(values, _run, (arguments, [theirs for _, theirs in pipes]))
        )
        self._process.start()
        self._ours = [ours for ours, _ in pipes]
        for _, theirs in pipes:
            theirs.close()  # so that the pipe ends when the process does
        self.stdout, self.stderr = (
            open(ours.fileno(), encoding="utf-8", closefd=False)  # noqa: SIM115
            for ours in self._ours
        )

    @property
    def returncode(self) -> int | None:
        """None while it runs; the number of the signal that ended it, less than 0."""
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def send_signal(self, signal: int) -> None:
        os.kill(self._process.pid, signal)

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        assert self.returncode is not None, f"It still runs after {timeout} s."
        return self.returncode

    def communicate(self) -> tuple[str, str]:
        """Waits for its end: what it wrote to standard output and to standard error."""
        with ThreadPoolExecutor(1) as pool:
            errors = pool.submit(self.stderr.read)
            output = self.stdout.read()
        self.wait()
        self.close()
        return output, errors.result()

    def close(self) -> None:
        """Ends it, if it still runs."""
        self.kill()
        self.wait()
        for stream, ours in zip((self.stdout, self.stderr), self._ours, strict=True):
            stream.close()
            ours.close()


def _begin(environment: dict[str, str], target: Callable[..., object], args: Any) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*args)


def _run(arguments: tuple[str, ...], pipes: list[Any]) -> None:
    # The helper may have been begun by a session, which blocks the terminal's signals meanwhile.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number, pipe in enumerate(pipes, start=1):
        os.dup2(pipe.fileno(), number)
        pipe.close()
    sys.stdout, sys.stderr = (
        open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        for number in (1, 2)
    )
    os.chdir(ROOT)
    is_code = arguments[0] == "-c"
    sys.argv = list(arguments[1:] if is_code else arguments)
    code = arguments[1] if is_code else (ROOT / arguments[0]).read_text(encoding="utf-8")
    exec(compile(code, sys.argv[0], "exec"), {"__name__": "__main__"})
