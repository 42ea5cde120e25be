"""What follows a training is drawn less often where drawing takes too much of a core."""

from __future__ import annotations

import pytest

from gui.plots.pace import LONGEST_MS, SHARE, SHORTEST_MS, Pace


class Machine:
    """A clock, and what the window uses of a core: a part always, and a part with each redraw."""

    def __init__(self, always: float = 0.0, redraw_s: float = 0.0) -> None:
        self.now = self.used = 0.0
        self.always, self.redraw_s = always, redraw_s
        self.pace = Pace(lambda: self.now, lambda: self.used)

    def follow(self, seconds: float) -> float:
        """Draws for so long; what it used of a core in the second half."""
        half, used = self.now + seconds / 2, 0.0
        end = self.now + seconds
        while self.now < end:
            wait_s = self.pace.interval_ms / 1000
            self.now += wait_s
            self.used += self.always * wait_s + self.redraw_s
            if self.now < half:
                used = self.used
        return (self.used - used) / (seconds / 2)


def test_cheap_drawing_stays_fluent() -> None:
    machine = Machine(always=0.005, redraw_s=0.002)
    machine.follow(60)
    assert machine.pace.interval_ms == SHORTEST_MS


@pytest.mark.parametrize("redraw_s", [0.012, 0.017, 0.02])
def test_dear_drawing_takes_its_share(redraw_s: float) -> None:
    machine = Machine(always=0.005, redraw_s=redraw_s)
    share = machine.follow(120)
    assert share == pytest.approx(SHARE, rel=0.25)
    assert SHORTEST_MS < machine.pace.interval_ms < LONGEST_MS


def test_it_never_stands_still() -> None:
    machine = Machine(redraw_s=0.5)
    machine.follow(60)
    assert machine.pace.interval_ms == LONGEST_MS


def test_it_is_fluent_again_when_drawing_is_cheap_again() -> None:
    machine = Machine(redraw_s=0.5)
    machine.follow(60)
    machine.redraw_s = 0.001
    machine.follow(30)
    assert machine.pace.interval_ms == SHORTEST_MS


def test_what_came_between_two_trainings_does_not_count() -> None:
    machine = Machine(redraw_s=0.001)
    machine.follow(10)
    machine.now += 600
    machine.used += 300
    assert machine.pace.interval_ms == SHORTEST_MS
