"""Team: what the workers of a training tell each other while they train in step.

The chief decides: how long a chunk is, whether to pause, to stop or to change something. The others
do the same at the same moment, or their collective operations would not meet.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from engine.errors import Problem, SpecError, TrainingError
from engine.events.commands import (
    ChangeEpochs,
    ChangeRate,
    Control,
    Request,
)
from engine.events.run_events import RunEnded, RunFailed, RunState
from engine.training.cluster.link import SILENCE_S, Link, Lost, Message
from engine.training.cluster.workers import Workers
from engine.training.control import Change, TrainingControl
from engine.training.plan import ChunkLength

_LOOK_S = 0.2  # how often someone who waits looks whether he is to pass on a wish to stop


class Team:
    """The links of this worker: the chief's to all others, the others' to the chief.

    Args:
        workers: All of them.
        connections: By index, as `engine.training.cluster.rendezvous.meet` gives them.
        silence_s: How long one may give no sign.

    Attributes:
        workers: All of them.
        when_lost: Called, from a thread of its own, once somebody is gone.
        when_asked: Called, from a thread of its own, when somebody there wants to stop.
    """

    def __init__(
        self,
        workers: Workers,
        connections: Mapping[int, socket.socket],
        silence_s: float = SILENCE_S,
    ) -> None:
        self.workers = workers
        self.when_lost: Callable[[], None] = _nothing
        self.when_asked: Callable[[], None] = _nothing
        self._links: dict[int, Link] = {}
        for index, connection in connections.items():
            self._links[index] = Link(connection, partial(self._lose, index), self._ask, silence_s)

    def _lose(self, index: int) -> None:
        """Tells the others who is gone, and frees whoever waits. From a reading thread."""
        for other, link in self._links.items():
            if other != index:
                link.say_failed(self.loss(index, self._links[index].lost).message)
        self.when_lost()

    def _ask(self) -> None:
        self.when_asked()

    # ---- talking

    def notify(self, message: Message) -> None:
        """Sends a message of the chief to all others.

        Raises:
            TrainingError: One of them is gone.
        """
        for index, link in self._links.items():
            try:
                link.send(message)
            except Lost as lost:
                raise self.loss(index, str(lost)) from None

    def hear(self, timeout_s: float | None = None) -> Message | None:
        """Waits for a message of the chief; None where none came in time.

        Raises:
            TrainingError: The chief is gone.
        """
        return self._from(0, timeout_s)

    def _from(self, index: int, timeout_s: float | None = None) -> Message | None:
        try:
            return self._links[index].receive(timeout_s)
        except Lost as lost:
            raise self.loss(index, str(lost)) from None

    def agree(self, value: Any) -> Any:
        """Returns the chief's value at all workers; they must all ask.

        Raises:
            TrainingError: Someone is gone.
        """
        if self.workers.is_chief:
            self.notify({"value": value})
            return value
        message = self.hear()
        assert message is not None
        return message["value"]

    def all_can(self, mine: bool) -> bool:
        """Says, at all workers, whether each of them said yes; they must all ask.

        Raises:
            TrainingError: Someone is gone.
        """
        if not self.workers.is_chief:
            self._links[0].send({"can": mine})
        else:
            for index in self._links:
                message = self._from(index)
                assert message is not None
                mine = mine and bool(message["can"])
        return bool(self.agree(mine))

    def check_same(self, what: Mapping[str, str], hint: str) -> None:
        """Makes sure that all workers have the same.

        Args:
            what: By name, which is shown, a short mark of each thing.
            hint: What to do where it is not.

        Raises:
            SpecError: They have not. All of them raise it.
            TrainingError: Someone is gone.
        """
        if not self.workers.is_chief:
            self._links[0].send({"have": dict(what)})
            message = self.hear()
            assert message is not None
            problem = message["problem"]
        else:
            problem = ""
            for index in self._links:
                message = self._from(index)
                assert message is not None
                theirs = message["have"]
                different = [name for name in what if theirs.get(name) != what[name]]
                if different and not problem:
                    problem = (
                        f"{self.workers.title(index).capitalize()} has {' and '.join(different)} "
                        "different from those of worker 0."
                    )
            self.notify({"problem": problem})
        if problem:
            raise SpecError([Problem("--workers", problem, hint)])

    # ---- who is gone

    def loss(self, index: int, reason: str) -> TrainingError:
        """The end of the training because of a worker."""
        title = self.workers.title(index).capitalize()
        if self.workers.is_chief:
            return TrainingError(
                f"{title} {reason}.".replace("..", "."),
                "The last checkpoint is kept. Continue from it with 'resume' and the same "
                "--workers and --index on every machine, or without them on this one alone.",
            )
        return TrainingError(
            f"{title} {reason}.".replace("..", "."),
            "The run is kept there with its last checkpoint. Continue it with 'resume'.",
        )

    def why(self, wait_s: float = 3.0) -> TrainingError:
        """The reason why collective operations broke off; waits a moment until it is known."""
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            for index, link in self._links.items():
                if link.lost:
                    return self.loss(index, link.lost)
            time.sleep(0.05)
        return TrainingError(
            "The connection among the workers broke off.",
            "Check the network. Continue with 'resume' from the last checkpoint, which is kept.",
        )

    def ask_to_stop(self) -> None:
        """Lets the chief know that someone here wants to stop."""
        for link in self._links.values():
            link.ask_to_stop()

    def close(self, failure: str = "") -> None:
        """Leaves the others.

        Args:
            failure: What went wrong here, in a sentence that they are told.
        """
        self.when_lost = self.when_asked = _nothing
        for link in self._links.values():
            link.close(failure)


def _nothing() -> None:
    """Until somebody wants to know."""


class TeamControl(TrainingControl):
    """Lets the chief's people steer all workers.

    Whoever wants to stop another worker stops all of them, through the chief.

    Args:
        people: What is asked of this process.
        team: The workers.
    """

    def __init__(self, people: TrainingControl, team: Team) -> None:
        super().__init__()
        self._people = people
        self._team = team
        self._has_asked = False
        self._is_asked_to_discard = False
        team.when_asked = partial(people.request, Control.STOP)

    def request(self, request: Request) -> None:
        self._people.request(request)

    @property
    def is_stopping(self) -> bool:
        return self._people.is_stopping

    @property
    def is_discarding(self) -> bool:
        return self._people.is_discarding or self._is_asked_to_discard

    def should_stop(
        self,
        announce: Callable[[RunState], None],
        change: Callable[[Change], None] = lambda change: None,
        save: Callable[[], None] = lambda: None,
    ) -> bool:
        if self._team.workers.is_chief:
            return self._decide(announce, change, save)
        return self._follow(announce, change)

    def _decide(
        self,
        announce: Callable[[RunState], None],
        change: Callable[[Change], None],
        save: Callable[[], None],
    ) -> bool:
        changes: list[Message] = []

        def announce_to_all(state: RunState) -> None:
            self._team.notify({"state": state.value})
            announce(state)

        def change_everywhere(asked: Change) -> None:
            changes.append(_to_json(asked))
            change(asked)

        stop = self._people.should_stop(announce_to_all, change_everywhere, save)
        discard = self._people.is_discarding
        self._team.notify({"stop": stop, "discard": discard, "changes": changes})
        return stop

    def _follow(
        self, announce: Callable[[RunState], None], change: Callable[[Change], None]
    ) -> bool:
        while True:
            if self._people.is_stopping and not self._has_asked:
                self._has_asked = True
                self._team.ask_to_stop()
            message = self._team.hear(_LOOK_S)
            if message is None:
                continue
            if "state" in message:
                announce(RunState(message["state"]))
                continue
            for asked in message["changes"]:
                change(_from_json(asked))
            self._is_asked_to_discard = bool(message["discard"])
            return bool(message["stop"])


class TeamChunkLength(ChunkLength):
    """Chunks as long as the chief's, which measures: a chunk must be as long at every worker.

    Args:
        team: The workers.
        batch_size: As for `ChunkLength`.
        fixed: As for `ChunkLength`.
    """

    def __init__(self, team: Team, batch_size: int, fixed: int | None = None) -> None:
        super().__init__(batch_size, fixed=fixed)
        self._team = team

    @property
    def steps(self) -> int:
        return int(self._team.agree(super().steps))


def _to_json(change: Change) -> Message:
    match change:
        case ChangeRate(learning_rate):
            return {"learning_rate": learning_rate}
        case ChangeEpochs(epochs):
            return {"epochs": epochs}


def _from_json(values: Message) -> Change:
    if "epochs" in values:
        return ChangeEpochs(int(values["epochs"]))
    return ChangeRate(float(values["learning_rate"]))


@contextlib.contextmanager
def leaving(team: Team) -> Iterator[Callable[[RunEnded], RunEnded]]:
    """A context at whose end the team is left, with what went wrong if something did.

    Gives a function that takes the last event of the run and returns it.
    """
    failure = ""

    def end(ended: RunEnded) -> RunEnded:
        nonlocal failure
        failure = ended.reason if isinstance(ended, RunFailed) else ""
        return ended

    try:
        yield end
    except BaseException as error:
        failure = getattr(error, "message", "") or str(error) or type(error).__name__
        raise
    finally:
        team.close(failure)
