"""GradientFlow: what reaches each layer, measured in a real step every now and then.

Between two chunks the step loop is asked to let one step be watched: it runs that step alone, and
keeps what the variables were before and after it. What the step did is computed from that
afterwards, with the same batch and the same seeds, by a function that changes nothing. So a
training goes on bit by bit as without it. The function's graph is made in a thread beside the
training, from a copy of the network. All of it together takes at most 3 % of the training time.

Imported by workers only.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras
import tensorflow as tf

from engine.devices.cores import usable_cores
from engine.events.insights import GradientFlow
from engine.inference.layer_probe import leaves
from engine.preprocessing.augmentation import brightest
from engine.training.introspection.base import Observer, Scene
from engine.training.introspection.budget import Budget
from engine.training.introspection.flow_graph import Batch, FlowGraph, flow_layers
from engine.training.model.augmenter import augmenter
from engine.training.steps.chunk import Values

logger = logging.getLogger(__name__)

TIME_SHARE = 0.02
"""Of the training time; what threads that get in each other's way take cannot be counted, and has
room up to 3 %."""
TRACE_SHARE = 0.015
"""Of the time a training will probably take, what the making of the graph may take."""
MIN_INTERVAL_S = 1.0
SETTLED_S = 0.3
"""Of training, before its pace says how long it will be."""

# Seconds of one processor that a graph takes to make, as measured on one of 2023.
_TRACE_S = 0.08
_TRACE_LAYER_S = 0.012
_TRACE_RECURRENT_S = 0.25


@dataclass(frozen=True)
class _Watched:
    """One step: its number, what it took, all variables before it and the weights after it."""

    step: int
    batch: Batch
    before: list[tf.Tensor]
    after: list[tf.Tensor]


class Flow(Observer):
    """Measures gradient flow, about once a second at most.

    Args:
        scene: What it looks at.
        clock: Seconds, always rising.
    """

    def __init__(self, scene: Scene, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(scene)
        spec, prepared = scene.prepared.spec, scene.prepared
        augment = augmenter(
            spec.augmentation, scene.signature.kind, brightest(spec.preprocessing), prepared.scope
        )
        self._make_graph = partial(FlowGraph, scene.network, augment, spec.seed)
        self._graph = self._make_graph()
        # What is kept of a run is of the same layers throughout: of those that learn in the end.
        self._waits = scene.will_thaw
        n_train = len(prepared.parts.train)
        self._batch_size = min(n_train, spec.training.batch_size or 1)
        self._steps_per_epoch = -(-n_train // self._batch_size)
        self._n_steps = self._steps_per_epoch * (spec.training.epochs or 1)
        self._budget = Budget(TIME_SHARE, clock)
        self._clock = clock
        self._first_step = 0
        self._watched: _Watched | None = None
        self._thread: threading.Thread | None = None
        self._traced_s = 0.0
        self._cost_s = 0.0
        self._next_at = 0.0
        self._off = _why_not(scene)
        self._has_begun = False
        self._has_no_twin = False

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        """Between two layers something can flow."""
        return scene.will_thaw or len(flow_layers(scene.network)) > 1

    def renewed(self) -> None:
        self._end()
        self._graph = self._make_graph()
        self._waits = len(self._graph.names) < 2
        self._has_no_twin = False

    def update(self, force: bool = False) -> None:
        """Measures the step that was watched, and asks for the next one when it is time."""
        if self._waits:
            return
        if not self._has_begun:
            self._begin()
        if self._off:
            return
        if force:
            self._end()
            return
        self._budget.train()
        if self._thread is not None and not self._thread.is_alive():
            self._join()
        try:
            if self._watched is not None:
                self._take_up(self._watched)
            if self._is_time:
                self.scene.loop.probing.ask(self)
        except tf.errors.OpError as error:
            # Memory, most likely. The training has what it had; it goes on without being measured.
            logger.warning("The gradient flow is measured no longer: %s", error.message)
            self._watched = None
            self._stop("Measuring it took more memory than there is.")

    def _begin(self) -> None:
        self._has_begun = True
        self._first_step = self.scene.loop.probing.step
        if self._off:
            self._stop(self._off)

    def _stop(self, reason: str) -> None:
        self._off = reason
        self.scene.emit(GradientFlow.unavailable(self.scene.run, reason))

    def _end(self) -> None:
        """Leaves nothing running and nothing held."""
        self._watched = None
        self.scene.loop.probing.ask(None)
        self._join()

    # ---- one step

    def place(self, n_steps: int, batch_size: int) -> int:
        """The next step, or the next that changes weights where gradients are accumulated.

        The smaller rest of an epoch is left out: it says nothing of the other batches.
        """
        if batch_size < self._batch_size:
            return -1
        optimizer = self.scene.network.optimizer
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        every = inner.gradient_accumulation_steps or 1
        waits = every - 1 - int(inner._iterations.numpy()) % every if every > 1 else 0
        return waits if waits < n_steps else -1

    def around(self, run: Callable[[], Values], batch: Batch, step: int) -> Values:
        """Lets one step be done, and keeps what it started from and what it made of it."""
        started = self._clock()
        before = self._graph.state()
        waited_s = self._clock() - started
        found = run()
        started = self._clock()
        after = self._graph.weights()
        self._budget.charge(waited_s + self._clock() - started)
        self._watched = _Watched(step, batch, before, after)
        return found

    def _take_up(self, watched: _Watched) -> None:
        self._watched = None
        if self._graph.is_traced and self._thread is None:
            self._measure(watched)
        elif self._has_no_twin:
            self._trace_here(watched.batch)
        elif self._thread is None:
            self._thread = threading.Thread(
                target=self._trace_beside, args=(watched.batch,), name="gradient flow", daemon=True
            )
            self._thread.start()

    def _measure(self, watched: _Watched) -> None:
        started = self._clock()
        with self._budget.spending():
            values = self._graph.measure(watched.before, watched.after, watched.batch, watched.step)
            self.scene.emit(
                GradientFlow(
                    self.scene.run,
                    watched.step,
                    watched.step / self._steps_per_epoch,
                    self._graph.names,
                    *values,
                )
            )
        self._cost_s = self._clock() - started
        self._next_at = self._budget.trained_s + self._interval_s

    # ---- when

    @property
    def _coming_s(self) -> float:
        """Seconds of training that are probably still to come."""
        done = self.scene.loop.probing.step - self._first_step
        left = max(0, self._n_steps - self.scene.loop.probing.step)
        return self._budget.trained_s * left / done if done > 0 else 0.0

    @property
    def _interval_s(self) -> float:
        """Seconds of training between two measurements, such that their share is kept."""
        whole_s = self._budget.trained_s + self._coming_s
        share = TIME_SHARE - self._traced_s / whole_s if whole_s else 0.0
        return max(MIN_INTERVAL_S, self._cost_s / max(share, 0.001))

    @property
    def _is_time(self) -> bool:
        if self._thread is not None or self._budget.trained_s < max(SETTLED_S, self._next_at):
            return False
        if self._graph.is_traced:
            return self._budget.affords(self._cost_s, self._coming_s)
        if self._has_no_twin:
            return self._budget.affords(self._trace_s * _CORES)  # nothing else goes on meanwhile
        whole_s = self._budget.trained_s + self._coming_s
        return self._trace_s <= TRACE_SHARE * whole_s

    # ---- the graph

    @property
    def _trace_s(self) -> float:
        """What making the graph will probably take of the machine's time."""
        layers = leaves(self.scene.network)
        recurrent = sum(isinstance(layer, _RECURRENT) for layer in layers)
        return (_TRACE_S + _TRACE_LAYER_S * len(layers) + _TRACE_RECURRENT_S * recurrent) / _CORES

    def _trace_beside(self, batch: Batch) -> None:
        """Makes the graph in a thread of its own."""
        started = time.thread_time()
        try:
            self._graph.trace(batch, on_twin=True)
        except Exception:
            # Some networks cannot be copied; theirs is made between two chunks, once it is earned.
            logger.info("The network cannot be copied to be measured.", exc_info=True)
            self._has_no_twin = True
        self._traced_s = (time.thread_time() - started) / _CORES

    def _trace_here(self, batch: Batch) -> None:
        with self._budget.spending():
            try:
                self._graph.trace(batch, on_twin=False)
            except Exception:
                logger.exception("The gradient flow cannot be measured.")
                self._stop("The layers of this model cannot be measured.")

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._budget.charge(self._traced_s)


_RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)
_CORES = usable_cores()


def _why_not(scene: Scene) -> str:
    """Why a run cannot be measured; empty where it can."""
    if scene.network.distribute_strategy.num_replicas_in_sync > 1:
        return "The gradient flow is not measured while several devices share each batch."
    return ""
