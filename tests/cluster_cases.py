"""Small trainings that several workers share, or one does alone; the same for both.

Run as a program it is one of the workers: ``python cluster_cases.py ADDRESSES INDEX OUT.npz``. The
chief dies in the end.
"""

import os
import sys
from pathlib import Path

import keras
import numpy as np

from engine.errors import TrainingError
from engine.training.steps.loop import DeviceData, StepLoop

N = 65
SPARSE = "sparse_categorical_crossentropy"


def _data(name):
    rng = np.random.default_rng(0)
    x = rng.random((N, 5), dtype="float32")
    y = rng.integers(0, 3, N).astype("int32")
    weights = rng.random(N).astype("float32") if name == "weighted" else None
    if name == "ranked":
        y = rng.integers(0, 2, N).astype("float32")
    if name == "tokens":
        x = rng.integers(0, 7, (N, 4)).astype("int32")
        y = rng.integers(0, 3, (N, 4)).astype("int32")
        weights = (np.arange(4) < rng.integers(1, 5, N)[:, np.newaxis]).astype("float32")
    return x, y, weights


def _network(name):
    if name == "tokens":
        yield keras.Input((4,), dtype="int32")
        yield keras.layers.Embedding(7, 6)
        yield keras.layers.Dense(5, activation="tanh")
    else:
        yield keras.Input((5,))
        yield keras.layers.Dense(8, activation="relu", kernel_regularizer="l2")
    if name == "normalized":
        yield keras.layers.BatchNormalization()
    if name == "ranked":
        yield keras.layers.Dense(1, activation="sigmoid")
    else:
        yield keras.layers.Dense(3, activation="softmax")


def _model(name):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(list(_network(name)))
    loss, optimizer, metrics = SPARSE, "adam", {"metrics": ["accuracy"]}
    if name == "tokens":
        loss = keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
        metrics = {"weighted_metrics": ["accuracy"]}
    elif name == "clipped":
        optimizer = keras.optimizers.SGD(
            0.5, momentum=0.9, global_clipnorm=0.1, gradient_accumulation_steps=2
        )
    elif name == "normalized":
        optimizer = "sgd"  # a bias before the normalization has no gradient but rounding
    elif name == "ranked":
        loss, metrics = "binary_crossentropy", {"metrics": [keras.metrics.AUC(name="auc")]}
    model.compile(optimizer, loss, jit_compile=False, **metrics)
    return model


# Name and batch size. Shares are uneven but for "normalized": there a batch is one whole,
# which is exact only where all have as many examples. The last batch of "weighted" has one example.
# The metric of "ranked" is no mean; the gradient of "tokens" is slices, where they may be repeated.
CASES = {"ranked": 7, "weighted": 16, "clipped": 5, "tokens": 7, "normalized": 16}


def learn(name, make_loop):
    """Trains and tests a case; what came of it, as arrays by name."""
    model = _model(name)
    data = DeviceData.place(*_data(name))
    loop = make_loop(model, data)
    batch = CASES[name]
    n = 64 if name == "normalized" else N
    losses = []
    for epoch in range(2):
        order = np.random.default_rng(epoch).permutation(n).astype("int32")
        n_full = n // batch
        loop.reset_metrics()
        losses += [loop.train(data, order[: n_full * batch].reshape(n_full, batch))["loss"]]
        if n % batch:
            losses += [loop.train(data, order[n_full * batch :][np.newaxis])["loss"]]
        trained = loop.results()
        loop.reset_metrics()
        loop.test(data, np.arange(64, dtype="int32").reshape(2, 32))
        loop.test(data, np.array([[64]], dtype="int32"))
        tested = loop.results()
    return {
        "weights": np.concatenate([weight.ravel() for weight in model.get_weights()]),
        "losses": np.concatenate(losses),
        "metrics": np.array([*trained.values(), *tested.values()]),
    }


def learn_all(make_loop):
    """All cases, by ``case/what``."""
    return {
        f"{name}/{what}": values
        for name in CASES
        for what, values in learn(name, make_loop).items()
    }


def alone(model, data):
    """The loop of one worker."""
    return StepLoop(model, data)


def _main(addresses, index, out):
    from engine.training.cluster.cluster import Cluster
    from engine.training.cluster.rendezvous import meet
    from engine.training.cluster.team import Team, leaving
    from engine.training.cluster.workers import parse_workers

    workers = parse_workers(addresses, index)
    connections, _ = meet(workers, {}, print)
    team = Team(workers, connections)
    with leaving(team):
        cluster = Cluster(team)

        def together(model, data):
            loop = cluster.make_loop(model, data)
            cluster.equalize(model)
            return loop

        learnt = learn_all(together)
        if workers.is_chief:
            np.savez(Path(out), **learnt)
            os._exit(0)  # as if it were killed, while the other goes on
        try:
            learn("ranked", together)
        except TrainingError as error:
            learnt["loss of the chief"] = np.array(str(error))
        np.savez(Path(out), **learnt)


if __name__ == "__main__":
    _main(*sys.argv[1:])
