"""QuickNetwork: the run's own architecture, taught for a short while. Imported by workers only."""

from __future__ import annotations

import time
from dataclasses import replace

import keras
import numpy as np

from engine.datasets.base import AnyArray, IndexArray, Progress
from engine.datasets.split import Parts
from engine.inference.decoding import is_autoregressive, predictor
from engine.preprocessing import Preprocessing
from engine.training.model.building import build, compile_model
from engine.training.model.placement import place
from engine.training.model.starting import start
from engine.training.order import shuffled
from engine.training.plan import ChunkLength, Plan
from engine.training.prepared_data import PreparedData
from engine.training.steps.feed import BLOCK_BYTES
from engine.training.steps.input_pipeline import feed_of, prepared_bytes, row_bytes
from engine.training.steps.loop import StepLoop
from engine.training.traces import training_graphs

MAX_STEPS = 1_500
"""Of each fold: more than most small models need, and seconds to a minute."""
_MAX_EPOCHS = 40


def predict_fold(
    prepared: PreparedData, train: IndexArray, held_out: IndexArray, progress: Progress
) -> AnyArray:
    """Teaches a new network of the run's architecture, and asks it about what it never saw.

    Args:
        prepared: Spec and data of the run. Epochs, stopping and augmentation do not matter.
        train: Examples to learn from, (n,).
        held_out: Examples to predict, (m,).
        progress: Told of each chunk of steps.

    Returns:
        In the target's own terms, as `ServedModel.predict`, (m, …).

    Raises:
        Cancelled: Someone asked to stop.
    """
    examples, spec = prepared.examples, prepared.spec
    preprocessing = Preprocessing.fit(examples, train, spec.preprocessing)
    nothing = np.zeros(0, np.int64)
    fold = replace(
        prepared,
        parts=Parts(train, nothing, nothing),
        preprocessing=preprocessing,
        signature=preprocessing.signature(examples),
    )
    placement = place(spec, fold.signature)
    keras.backend.clear_session(free_memory=False)
    try:
        with training_graphs(), placement.scope():
            plan = Plan.of(prepared_bytes(fold), spec.execution)
            network = build(spec, fold.signature, placement.policy)
            compile_model(network, spec, fold.signature, plan)
            start(network, fold)
            loop = _taught(network, fold, plan, progress)
            return _asked(loop, fold, held_out)
    finally:
        keras.backend.clear_session(free_memory=False)


def _taught(network: keras.Model, fold: PreparedData, plan: Plan, progress: Progress) -> StepLoop:
    spec = fold.spec
    feed = feed_of(fold, "train", plan.resident, is_autoregressive(network, fold.signature))
    batch_size = min(int(spec.training.batch_size or 32), len(feed))
    fused_for = batch_size if plan.fused else 0
    loop = StepLoop(network, feed.pattern, None, None, spec.seed, fused_for)
    n_epochs = min(_MAX_EPOCHS, max(1, MAX_STEPS * batch_size // len(feed)))
    n_steps = min(MAX_STEPS, n_epochs * -(-len(feed) // batch_size))
    chunk, step = ChunkLength(batch_size), 0
    rate = float(spec.training.learning_rate or 1e-3)
    for epoch in range(1, n_epochs + 1):
        loop.reset_metrics()
        for data, indices in feed.chunks(shuffled(len(feed), spec.seed, epoch), chunk):
            progress("Learning", min(step, n_steps), n_steps)
            # To 0 at the end: few steps end best so (Smith & Topin 2017, arXiv:1708.07120).
            left = 1.0 - np.arange(step, step + len(indices)) / n_steps
            started = time.perf_counter()
            loop.train(data, indices, step, np.maximum(rate * left, 0.0).astype(np.float32))
            chunk.observe(len(indices), time.perf_counter() - started)
            step += len(indices)
            if step >= n_steps:
                return loop
    return loop


def _asked(loop: StepLoop, fold: PreparedData, held_out: IndexArray) -> AnyArray:
    preprocessing, signature = fold.preprocessing, fold.signature
    predict = predictor(loop.model, signature, preprocessing, loop.predict)
    size = max(1, BLOCK_BYTES // row_bytes(signature))
    blocks = [
        predict(preprocessing.transform_x(fold.examples.x[some]))
        for some in np.split(held_out, range(size, len(held_out), size))
    ]
    return np.concatenate(blocks)
