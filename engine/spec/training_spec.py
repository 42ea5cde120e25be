"""How weights are learnt and how the steps are executed: the training half of a `RunSpec`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from engine.spec.parameters import Parameters, parameter

OptimizerName = Literal["sgd", "adam", "adamw", "rmsprop", "adagrad", "nadam"]
LossName = Literal[
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "binary_crossentropy",
    "sparse_categorical_crossentropy",
    "ctc",
]


MOST_PATIENCE = 10_000


class TrainingSpec(Parameters):
    """How the weights are learnt. None means: chosen to fit the model and the task."""

    epochs: int | None = parameter(
        None,
        label="Epochs",
        help="How many times the model sees the whole training part.",
        ge=1,
        le=100_000,
    )
    batch_size: int | None = parameter(
        None,
        label="Batch size",
        help="Examples per step. Small batches learn in more, noisier steps.",
        unit="examples",
        ge=1,
        le=65_536,
    )
    optimizer: OptimizerName | None = parameter(
        None, label="Optimizer", help="The rule that turns gradients into steps, by Keras's name."
    )
    learning_rate: float | None = parameter(
        None,
        label="Learning rate",
        help="Size of a step. Too large diverges, too small crawls.",
        gt=0.0,
        le=100.0,
    )
    loss: LossName | None = parameter(
        None, label="Loss", help="What training makes small, by Keras's name.", advanced=True
    )
    class_weights: Literal["none", "balanced"] = parameter(
        "none",
        label="Class weights",
        help="'balanced' lets rare classes count as much as frequent ones, by weighting each "
        "example with n / (classes × examples of its class), as scikit-learn does.",
    )
    keep: Literal["best", "last"] = parameter(
        "best",
        label="Keep weights of",
        help="'best' keeps the epoch with the lowest validation loss, 'last' the final epoch.",
        advanced=True,
    )
    clip_norm: float | None = parameter(
        None,
        label="Clip gradients",
        help="The largest norm of all gradients together; longer ones are shortened to it, which "
        "tames exploding gradients. Left open: not clipped.",
        gt=0.0,
        le=1e6,
        advanced=True,
    )
    weight_decay: float | None = parameter(
        None,
        label="Weight decay",
        help="Share of each weight that is taken away in each step, times the learning rate; keeps "
        "weights small, against overfitting. Left open: the optimizer's own, 0.004 for adamw and "
        "none for others.",
        ge=0.0,
        le=1.0,
        advanced=True,
    )
    label_smoothing: float = parameter(
        0.0,
        label="Label smoothing",
        help="Share of certainty that is taken from the right class and spread over all; against "
        "overconfident classifiers.",
        ge=0.0,
        le=0.5,
        advanced=True,
    )
    accumulate: int = parameter(
        1,
        label="Accumulate",
        help="Batches whose gradients are averaged for one change of the weights: the effect of a "
        "batch this many times as large, in the memory of one.",
        unit="batches",
        ge=1,
        le=4096,
        advanced=True,
    )


class StartSpec(Parameters):
    """Which weights a training begins with, and which of them it changes.

    That what was kept learns later, and slowly, once the new head no longer sends it large
    gradients, is the order of Keras's guide (https://keras.io/guides/transfer_learning/). It takes
    a hundredth of the rate for large models that know a million pictures; a tenth is that of
    TensorFlow's tutorial (https://www.tensorflow.org/tutorials/images/transfer_learning).
    """

    source: str | None = parameter(
        None,
        label="Start from",
        help="A run, by its id or name, or a model that was brought in: layers that are of the "
        "same kind and shape, from the input on, begin with what they learnt there. Right where "
        "examples are few. Left open: from nothing.",
        max_length=200,
    )
    freeze: Literal["nothing", "body", "everything"] = parameter(
        "nothing",
        label="Keep as they are",
        help="'body': all layers that were taken over but the last one, which alone learns; "
        "quick, and safe for very few examples. 'everything': nothing learns, so that a model that "
        "was brought in is evaluated as it is.",
    )
    freeze_up_to: str | None = parameter(
        None,
        label="Keep up to layer",
        help="The last layer that is kept as it is, by its name, instead of all but the last.",
        max_length=200,
        advanced=True,
    )
    head: Literal["auto", "keep", "new"] = parameter(
        "auto",
        label="Last layer",
        help="'new' begins the last layer from nothing, 'keep' takes it over. 'auto' takes it "
        "over where it stands for the same classes or the same number, as far as that is known.",
        advanced=True,
    )
    thaw_after: int | None = parameter(
        None,
        label="Let all learn after",
        help="Epochs after which the layers that were kept as they are learn too, with small "
        "steps: once the new last layer is good, the others may follow. Early stopping waits "
        "for it, and counts from there. What a BatchNormalization layer knows of its inputs stays. "
        "Left open: never.",
        unit="epochs",
        ge=1,
        le=100_000,
    )
    thaw_rate: float = parameter(
        0.1,
        label="Then at",
        help="Share of the learning rate from there on: large steps would spoil what was learnt "
        "before.",
        gt=0.0,
        le=1.0,
        advanced=True,
    )


class ScheduleSpec(Parameters):
    """How the learning rate changes while training."""

    name: Literal["constant", "cosine", "exponential", "step"] = parameter(
        "constant",
        label="Schedule",
        help="'cosine' falls slowly, fast, slowly, down to the final share at the last epoch; "
        "'exponential' by the same share in each epoch; 'step' by a factor every few epochs.",
    )
    final: float = parameter(
        0.01,
        label="Final share",
        help="Of the learning rate, what a cosine or exponential schedule ends with.",
        gt=0.0,
        le=1.0,
    )
    every: int = parameter(
        10, label="Every", help="Epochs between two steps.", unit="epochs", ge=1, le=100_000
    )
    factor: float = parameter(
        0.5, label="Factor", help="What a step multiplies the learning rate by.", gt=0.0, lt=1.0
    )
    warmup: float = parameter(
        0.0,
        label="Warm-up",
        help="The learning rate rises evenly from 0 for this long. Helps Transformers and large "
        "batches to begin.",
        unit="epochs",
        ge=0.0,
        le=1000.0,
    )
    plateau_patience: int | None = parameter(
        None,
        label="Reduce on plateau after",
        help="Epochs without improvement of the validation loss before the learning rate is made "
        "smaller. Left open: never.",
        unit="epochs",
        ge=1,
        le=10_000,
    )
    plateau_factor: float = parameter(
        0.1,
        label="Plateau factor",
        help="What the learning rate is multiplied by on a plateau; Keras's default.",
        gt=0.0,
        lt=1.0,
        advanced=True,
    )
    plateau_min_rate: float = parameter(
        0.0,
        label="Smallest rate",
        help="A plateau does not reduce the learning rate below this.",
        ge=0.0,
        le=100.0,
        advanced=True,
    )


class StoppingSpec(Parameters):
    """When a training ends before its last epoch."""

    patience: int | None = parameter(
        None,
        label="Stop early after",
        help="Epochs without improvement of the validation loss (the training loss where there is "
        "no validation part) before training ends; 0: never. Left open: what suits the model, for "
        "most a fifth of the epochs, and at least 10.",
        unit="epochs",
        ge=0,
        le=MOST_PATIENCE,
    )
    min_delta: float = parameter(
        0.0,
        label="Improvement",
        help="A smaller improvement than this does not count, here and for a plateau.",
        ge=0.0,
        le=1e6,
        advanced=True,
    )
    start_from: int = parameter(
        0,
        label="Not before",
        help="Epochs before the patience begins to run out.",
        unit="epochs",
        ge=0,
        le=100_000,
        advanced=True,
    )


class ExecutionSpec(Parameters):
    """How the steps are executed. 'auto' is measured while training, or decided by the machine."""

    reproducible: bool = parameter(
        False,
        label="Reproducible",
        help="Two runs of the same settings on one machine are equal bit by bit. Nothing is then "
        "decided by timing, so a small model may train many times slower.",
    )
    device: Literal["auto", "cpu", "gpu", "all_gpus"] = parameter(
        "auto",
        label="Device",
        help="'auto' takes a GPU if TensorFlow can use one; 'all_gpus' divides each batch among "
        "all of them.",
    )
    precision: Literal["auto", "float32", "mixed"] = parameter(
        "auto",
        label="Precision",
        help="'mixed' computes in 16 bits where that is safe, which is faster on newer GPUs; "
        "weights stay in 32 bits. 'auto' does so on such GPUs, and for pictures on a processor "
        "where measuring finds it faster.",
        advanced=True,
    )
    xla: Literal["auto", "on", "off"] = parameter(
        "auto",
        label="XLA",
        help="Compiles the steps into one program. Many times faster for small models, many times "
        "slower for others: 'auto' compiles beside the training and keeps what is faster.",
        advanced=True,
    )
    layers: Literal["auto", "keras", "fused"] = parameter(
        "auto",
        label="Layers",
        help="'fused' computes recurrent, attention and other layers in fewer, larger products, "
        "with the same weights; 'keras' is Keras's own arithmetic, bit by bit.",
        advanced=True,
    )
    data: Literal["auto", "resident", "streamed"] = parameter(
        "auto",
        label="Data",
        help="'resident' holds the prepared data in memory, 'streamed' prepares it again and "
        "again, so that memory stays flat.",
        advanced=True,
    )
    chunk: int | None = parameter(
        None,
        label="Steps per call",
        help="Steps executed before the curves move and controls are heard. Left open: as many as "
        "take 30 ms.",
        unit="steps",
        ge=1,
        le=10_000,
        advanced=True,
    )
    memory_retry: Literal["half", "accumulate", "off"] = parameter(
        "half",
        label="Out of memory",
        help="'half' goes on from the last checkpoint with half the batch; 'accumulate' as well, "
        "and averages two batches for one change, so that learning stays the same; 'off' fails.",
        advanced=True,
    )

    @model_validator(mode="after")
    def _reproducible_without_xla(self) -> Self:
        if self.reproducible and self.xla == "on":
            raise ValueError(
                "A reproducible run cannot use XLA, which rounds differently. Received: xla=on."
            )
        return self
