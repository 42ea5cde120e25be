"""Balancing a pole: demonstrations of a controller on gymnasium's CartPole-v1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.datasets.sequences.control import ControlFormat, examples_of
from engine.datasets.sequences.control_files import Steps
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

FloatArray = npt.NDArray[np.float64]

OBSERVED = ("cart position", "cart velocity", "pole angle", "pole angular velocity")
PUSHES = ("left", "right")
MAX_STEPS = 500
"""An episode of CartPole-v1 is over after so many steps."""
STEP_S = 0.02
"""Seconds of one step."""
# Costs of an error in each observation, and of a push in units of 10 N: the pole matters most,
# then the middle of the track.
_STATE_COSTS = (1.0, 0.1, 10.0, 0.1)
_PUSH_COST = 0.1


class CartPoleParameters(Parameters):
    """How many demonstrations, and how much the controller is disturbed."""

    n_episodes: int = parameter(
        60, label="Episodes", help="How many times the pole is balanced.", ge=5, le=2_000
    )
    max_steps: int = parameter(
        200,
        label="Steps",
        help="An episode ends when the pole falls, or after so many steps.",
        unit="steps",
        ge=20,
        le=500,
    )
    noise: float = parameter(
        0.2,
        label="Disturbance",
        help="Share of pushes that are made at random instead of as the controller says, so that "
        "it is shown how to recover. What it would have done is what is learnt.",
        ge=0.0,
        le=0.6,
    )
    seed: int = data_seed()


class CartPole(Dataset):
    """What a controller does in each situation; whole episodes are kept together.

    Physics: Barto, Sutton, Anderson (1983), IEEE Trans. SMC 13(5), as in gymnasium.
    """

    name = "cartpole"
    title = "Balancing a pole"
    description = (
        "A cart is pushed left or right so that the pole on it stays up: what a controller does in "
        "each situation. The network learns to act as it does."
    )
    kind = Kind.TABLE
    task = Task.CONTROL
    recommended_model = "policy"
    parameters = CartPoleParameters

    def load(self, parameters: CartPoleParameters, progress: Progress = silent) -> Examples:
        from gymnasium.envs.classic_control.cartpole import CartPoleEnv

        environment: Any = CartPoleEnv()
        gains = controller()
        rng = np.random.default_rng(parameters.seed)
        observations: list[FloatArray] = []
        actions: list[int] = []
        episodes: list[int] = []
        for episode in range(parameters.n_episodes):
            progress("Balancing", episode, parameters.n_episodes)
            # Farther from the middle than gymnasium begins, which is ±0.05.
            begin = {"low": -0.15, "high": 0.15}
            seen, _ = environment.reset(seed=int(rng.integers(2**31)), options=begin)
            for _ in range(parameters.max_steps):
                push = int(gains @ seen > 0)
                observations.append(np.asarray(seen, np.float64))
                actions.append(push)
                episodes.append(episode)
                if rng.random() < parameters.noise:
                    push = int(rng.integers(2))
                seen, _, has_fallen, _, _ = environment.step(push)
                if has_fallen:
                    break
        environment.close()
        steps = Steps(
            np.stack(observations),
            np.array(actions, np.int64),
            np.array(episodes, np.int64),
            OBSERVED,
            PUSHES,
            "push",
        )
        terms = " + ".join(f"{gain:.2f}·{name}" for gain, name in zip(gains, OBSERVED, strict=True))
        note = f"The controller pushes right where {terms.replace('+ -', '- ')} is above 0."
        return replace(examples_of(steps), notes=(note,), reading={"format": ControlFormat.name})


def play(
    policy: Callable[[FloatArray], int], seed: int, max_steps: int = MAX_STEPS
) -> npt.NDArray[np.float32]:
    """Lets a policy balance the pole once, as gymnasium's CartPole-v1 does.

    Args:
        policy: Returns a push, an index of `PUSHES`, given what is observed, (4,), as `OBSERVED`.
        seed: Decides how the pole stands at first.
        max_steps: The episode is over after so many steps.

    Returns:
        What was observed before the first step and after each, (steps + 1, 4). There are
        `max_steps` steps unless the pole fell, or the cart left the track.
    """
    from gymnasium.envs.classic_control.cartpole import CartPoleEnv

    environment: Any = CartPoleEnv()
    seen, _ = environment.reset(seed=seed)
    states = [seen]
    for _ in range(max_steps):
        seen, _, has_fallen, _, _ = environment.step(policy(np.asarray(seen, np.float64)))
        states.append(seen)
        if has_fallen:
            break
    environment.close()
    return np.stack(states).astype(np.float32)


def play_many(
    policy: Callable[[FloatArray], npt.NDArray[np.int64]],
    seeds: Sequence[int],
    watch: Callable[[int, int], None] = lambda step, n_steps: None,
) -> npt.NDArray[np.int64]:
    """Lets a policy balance many poles, each once, as `play` does.

    Args:
        policy: Returns a push for each of what is observed, (poles, 4), fallen ones among them:
            always as many, as a graph of TensorFlow likes it.
        seeds: Of each pole, how it stands at first.
        watch: Told before each step.

    Returns:
        For how many steps each stays up, (poles,): what gymnasium calls the return.
    """
    from gymnasium.envs.classic_control.cartpole import CartPoleEnv

    environments: list[Any] = [CartPoleEnv() for _ in seeds]
    pairs = zip(environments, seeds, strict=True)
    seen = np.stack([it.reset(seed=seed)[0] for it, seed in pairs]).astype(np.float64)
    lengths, standing = np.zeros(len(environments), np.int64), np.arange(len(environments))
    for step in range(MAX_STEPS):
        watch(step, MAX_STEPS)
        pushes = policy(seen)[standing]
        falls = np.zeros(len(standing), bool)
        for place, (pole, push) in enumerate(zip(standing, pushes, strict=True)):
            seen[pole], _, falls[place], _, _ = environments[pole].step(int(push))
        lengths[standing] += 1
        standing = standing[~falls]
        if not len(standing):
            break
    for environment in environments:
        environment.close()
    return lengths


def controller() -> FloatArray:
    """Gains on the observations, (4,): push right where their sum is above 0.

    The linear-quadratic regulator of the pole near upright, from the dynamics of CartPole-v1
    linearised around it and advanced by Euler steps as gymnasium does; the force is then replaced
    by its sign, for only full pushes are possible.
    """
    from gymnasium.envs.classic_control.cartpole import CartPoleEnv
    from scipy.linalg import solve_discrete_are

    physics: Any = CartPoleEnv()
    mass, half = physics.total_mass, physics.length
    # Of angular acceleration: (g sin θ - cos θ · force / m) / (half (4/3 - m_pole cos² θ / m)).
    inertia = half * (4.0 / 3.0 - physics.masspole / mass)
    pull = physics.gravity / inertia
    share = physics.polemass_length / mass
    flow = np.zeros((4, 4))
    flow[0, 1] = flow[2, 3] = 1.0
    flow[1, 2], flow[3, 2] = -share * pull, pull
    push = np.array(
        [[0.0], [1.0 / mass + share / (mass * inertia)], [0.0], [-1.0 / (mass * inertia)]]
    )
    step = np.eye(4) + physics.tau * flow
    force = physics.tau * push * physics.force_mag
    costs = np.diag(_STATE_COSTS)
    solution = solve_discrete_are(step, force, costs, np.array([[_PUSH_COST]]))
    gains = np.linalg.solve(_PUSH_COST + force.T @ solution @ force, force.T @ solution @ step)
    physics.close()
    pushes: FloatArray = np.negative(gains[0], dtype=np.float64)
    return pushes
