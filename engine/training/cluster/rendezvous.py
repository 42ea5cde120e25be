"""Meeting: the workers find each other, before TensorFlow waits for all of them without a word.

The chief listens at its own address and the others call it there. Who is not there after a while is
named. All must have the same list of workers, the same settings and the same versions.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine import __version__
from engine.devices.versions import installed_version
from engine.errors import DescentError, Problem, SpecError
from engine.training.cluster.callers import HELLO_S, Callers
from engine.training.cluster.link import MAX_FIRST_BYTES, Message, read_message, send_message
from engine.training.cluster.workers import Workers, endpoint

Notify = Callable[[str], None]

WAIT_S = 300.0
"""How long workers wait for each other; people start them by hand, one after the other."""

_PROTOCOL = 1
_RETRY_S = 0.2
_SHOWN = 8
_MAX_CHARACTERS = 300
_PACKAGES = ("tensorflow", "keras", "numpy")


def meet(
    workers: Workers, spec: Mapping[str, Any] | None, notify: Notify, wait_s: float = WAIT_S
) -> tuple[dict[int, socket.socket], Message]:
    """Waits until all workers are there and agree on what to train.

    Args:
        workers: All of them, and which this one is.
        spec: What this process was asked to train, as JSON values; None: what the chief says.
        notify: Told in words who is waited for, and that all are there.
        wait_s: How long to wait.

    Returns:
        Connections by index, from the chief to all others and from them to the chief; and the
        chief's spec.

    Raises:
        SpecError: An address cannot be used, someone did not come, or they do not agree.
    """
    hello: Message = {
        "protocol": _PROTOCOL,
        "index": workers.index,
        "workers": list(workers.addresses),
        "packages": _packages(),
        "spec": None if spec is None else dict(spec),
    }
    _check_names(workers)
    with _listening(workers) as listener:
        if not workers.is_chief:
            listener.close()  # only to see that the address is this machine's, and free
            found = _call(workers, hello, notify, wait_s)
        else:
            found = _receive(workers, hello, listener, notify, wait_s), dict(spec or {})
    # TensorFlow takes a while to load, through which the last word would be whom it waits for.
    notify(f"All {len(workers)} workers are there. TensorFlow is getting ready…")
    return found


def _packages() -> dict[str, str]:
    """What must be the same on all machines."""
    return {"descent": __version__} | {name: installed_version(name) for name in _PACKAGES}


def _check_names(workers: Workers) -> None:
    problems = []
    for address in workers.addresses:
        try:
            _resolved(address)
        except OSError as error:
            problems.append(
                Problem(
                    "--workers",
                    f"The host of '{address}' is not known. Received: {error.strerror}.",
                    "Check its name, or give its number, such as 10.0.0.5.",
                )
            )
    if problems:
        raise SpecError(problems)


def _resolved(address: str) -> tuple[socket.AddressFamily, Any]:
    host, port = endpoint(address)
    family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, place


@contextmanager
def _listening(workers: Workers) -> Iterator[socket.socket]:
    """Listens at the own address."""
    own = workers.addresses[workers.index]
    family, place = _resolved(own)
    with socket.socket(family) as listener:
        # TensorFlow takes the same port afterwards, while connections of ours are still on it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
            listener.listen(len(workers) + 5)
        except OSError as error:
            raise SpecError([_own_problem(own, workers.index, error)]) from error
        yield listener


def _own_problem(own: str, index: int, error: OSError) -> Problem:
    if error.errno == errno.EADDRINUSE:
        return Problem(
            "--workers",
            f"The port of '{own}' is in use by another program.",
            "Choose another port, in the list of every worker.",
        )
    return Problem(
        "--index",
        f"'{own}', the address of worker {index}, is none of this machine. "
        f"Received: {error.strerror}.",
        "Give each worker its own place in --workers as --index.",
    )


# ---- the chief


def _receive(
    workers: Workers, hello: Message, listener: socket.socket, notify: Notify, wait_s: float
) -> dict[int, socket.socket]:
    """Takes the calls of all others."""
    here: dict[int, socket.socket] = {}
    until = time.monotonic() + wait_s
    callers = Callers(listener)
    notify(f"Waiting for {_names(workers, range(1, len(workers)))}.")
    try:
        while len(here) + 1 < len(workers):
            missing = [index for index in range(1, len(workers)) if index not in here]
            if time.monotonic() > until:
                raise SpecError([_absent(workers, missing, wait_s)])
            arrived = callers.next(_RETRY_S)
            if arrived is None:
                continue
            connection, other = arrived
            if not _is_hello(other):
                connection.close()
                continue
            problem = _disagreement(hello, other, workers, here)
            if problem is not None:
                _refuse(connection, problem)
                _leave_all(here, problem)
                raise SpecError([problem])
            here[other["index"]] = connection
            missing.remove(other["index"])
            if missing:
                notify(f"Waiting for {_names(workers, missing)}.")
        for connection in here.values():
            send_message(connection, {"welcome": hello["spec"]})
    except BaseException as error:
        message = error.message if isinstance(error, DescentError) else "The chief has ended."
        _leave_all(here, Problem("", message))
        if isinstance(error, OSError):
            raise DescentError(
                f"A worker left before the training began. Received: {error}.",
                "Start all workers again.",
            ) from error
        raise
    finally:
        callers.close()
    return here


def _is_hello(message: Message) -> bool:
    """Whether a message has what `_disagreement` looks at; the rest is a stranger's."""
    index, spec, listed = (message.get(name) for name in ("index", "spec", "workers"))
    return (
        type(index) is int
        and isinstance(spec, dict | None)
        and isinstance(listed, list)
        and isinstance(message.get("packages"), dict)
    )


def _leave_all(here: dict[int, socket.socket], problem: Problem) -> None:
    for connection in here.values():
        _refuse(connection, problem)
    here.clear()


def _refuse(connection: socket.socket, problem: Problem) -> None:
    with contextlib.suppress(OSError):
        send_message(connection, {"refused": problem.message, "hint": problem.hint})
    connection.close()


def _disagreement(
    mine: Message, theirs: Message, workers: Workers, here: Mapping[int, Any]
) -> Problem | None:
    """What the chief and a caller do not agree on."""
    index = theirs["index"]
    if theirs.get("protocol") != _PROTOCOL or theirs.get("packages") != mine["packages"]:
        return Problem(
            "--workers",
            "The workers have different versions. Received: "
            f"{_short(theirs['packages'])} at worker {index}, {mine['packages']} at worker 0.",
            "Install the same versions of Descent, TensorFlow and Keras on all machines.",
        )
    if theirs.get("workers") != mine["workers"]:
        return Problem(
            "--workers",
            f"The workers have different lists. Received: {_short(theirs['workers'])} at a worker, "
            f"{mine['workers']} at worker 0.",
            "Give the same list in the same order to every worker; only --index differs.",
        )
    if not 0 < index < len(workers) or index in here:
        return Problem(
            "--index",
            f"Two workers have the index {index}.",
            "Each worker needs its own place in --workers as --index.",
        )
    if theirs.get("spec") is not None:
        different = differences(mine["spec"] or {}, theirs["spec"])
        if different:
            return Problem(
                "--index",
                f"{workers.title(index).capitalize()} was asked to train something else than "
                f"worker 0. Different: {', '.join(different[:_SHOWN])}"
                f"{', …' if len(different) > _SHOWN else ''}.",
                "Give the same command to every worker; only --index differs.",
            )
    return None


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "") -> list[str]:
    """Returns where two specs differ, with both values.

    The place of a file does not count: it may lie elsewhere on another machine.
    """
    found: list[str] = []
    for key in sorted({*mine, *theirs}):
        here, there, place = mine.get(key), theirs.get(key), f"{path}{key}"
        if place == "data.source" or here == there:
            continue
        if isinstance(here, Mapping) and isinstance(there, Mapping):
            found += differences(here, there, f"{place}.")
        else:
            found.append(f"{place} ({_short(here)} at worker 0, {_short(there)} here)")
    return found


def _short(value: object) -> str:
    """A value of another machine in a few words."""
    return textwrap.shorten(str(value), _MAX_CHARACTERS, placeholder="…")


# ---- the others


def _call(
    workers: Workers, hello: Message, notify: Notify, wait_s: float
) -> tuple[dict[int, socket.socket], Message]:
    """Calls the chief and waits until it has all others."""
    connection = _connect(workers, notify, wait_s)
    try:
        send_message(connection, hello)
        until = time.monotonic() + wait_s + HELLO_S
        answer = read_message(connection, MAX_FIRST_BYTES, until)
    except (OSError, ValueError):
        answer = None
    except BaseException:
        connection.close()
        raise
    if answer is None or not isinstance(answer.get("welcome"), dict):
        connection.close()
        found = {name: str(text) for name, text in (answer or {}).items()}
        raise SpecError(
            [
                Problem(
                    "--workers",
                    found.get("refused", f"{_chief(workers)} has left before the training began."),
                    found.get("hint", "") or "Start all workers again.",
                )
            ]
        )
    return {0: connection}, answer["welcome"]


def _connect(workers: Workers, notify: Notify, wait_s: float) -> socket.socket:
    address = workers.addresses[0]
    family, place = _resolved(address)
    until = time.monotonic() + wait_s
    is_notified = False
    while True:
        connection = socket.socket(family)
        connection.settimeout(HELLO_S)
        try:
            connection.connect(place)
        except OSError as error:
            connection.close()
            if time.monotonic() > until:
                raise SpecError([_unreachable(workers, error, wait_s)]) from error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
        if not is_notified:
            is_notified = True
            notify(f"Waiting for {workers.title(0)}.")
        time.sleep(_RETRY_S)


def _chief(workers: Workers) -> str:
    return workers.title(0).capitalize()


def _names(workers: Workers, indices: Any) -> str:
    return ", ".join(workers.title(index) for index in indices)


def _absent(workers: Workers, missing: list[int], wait_s: float) -> Problem:
    return Problem(
        "--workers",
        f"{_names(workers, missing).capitalize()} did not come within {wait_s:.0f} seconds.",
        "Start all workers within that time, and let their ports through the firewall.",
    )


def _unreachable(workers: Workers, error: OSError, wait_s: float) -> Problem:
    return Problem(
        "--workers",
        f"{_chief(workers)} could not be reached within {wait_s:.0f} seconds. "
        f"Received: {error.strerror or error}.",
        "Start it, too, and let its port through the firewall.",
    )
