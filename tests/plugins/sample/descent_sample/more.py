"""A format, an augmentation and a plot, as another package adds them to Descent."""

import numpy as np

from engine.api import (
    Augmentation,
    Chart,
    DatasetError,
    Examples,
    FileDataset,
    Format,
    Kind,
    Parameters,
    Plot,
    Series,
    Task,
    parameter,
)


class KeyValueFormat(Format):
    """Lines such as ``a=1 b=2 class=yes``."""

    name, title = "key_value", "Lines of key=value, with a class"
    kind, suffixes = Kind.TABLE, (".kv",)

    def likeness(self, glance):
        return 1.0 if glance.path.suffix.lower() == ".kv" else 0.0

    def open(self, path, data):
        return KeyValueFile(path, data)

    def example(self, folder):
        path = folder / "example.kv"
        lines = (f"a={i} b={i * i} class={'odd' if i % 2 else 'even'}" for i in range(20))
        path.write_text("\n".join(lines))
        return path


class KeyValueFile(FileDataset):
    format = KeyValueFormat()

    def load(self, parameters, progress=None):
        lines = self.path.read_text().splitlines()
        rows = [dict(pair.split("=", 1) for pair in line.split()) for line in lines]
        if not rows or any("class" not in row for row in rows):
            raise DatasetError(f"'{self.path}' has lines without a class.", "Add class=….")
        columns = tuple(key for key in rows[0] if key != "class")
        classes = tuple(sorted({row["class"] for row in rows}))
        x = np.array([[float(row[key]) for key in columns] for row in rows])
        y = np.array([classes.index(row["class"]) for row in rows])
        return Examples(x, y, self.kind, Task.CLASSIFICATION, columns, "class", classes)


class JitterParameters(Parameters):
    amount: float = parameter(0.1, label="Amount", help="Largest factor.", ge=0, le=1)


class Jitter(Augmentation):
    name, title, help = "jitter", "Jitter", "Stretches each number by up to a share."
    kinds, parameters = (Kind.TABLE, Kind.IMAGE), JitterParameters

    def change(self, x, seed, parameters):
        import tensorflow as tf

        amount = parameters.amount
        return x * tf.random.stateless_uniform(tf.shape(x), seed, 1 - amount, 1 + amount)


class Gap(Plot):
    name, title = "gap", "How far validation stays behind"
    help = "The gap between both losses; where it grows, the model learns by heart."

    def draw(self, run):
        if "val_loss" not in run.metrics:
            return None
        gap = run.metrics["val_loss"] - run.metrics["loss"]
        return Chart((Series("gap", run.epochs, gap),), "Epoch", "Loss", f"{len(gap)} epochs")
