"""A worker whose memory runs out where a test wants it: the target of a session's process.

The workspace's file ``fault.json`` says from which step and batch size on, and how: ``raise`` as
TensorFlow does, or ``kill`` as the kernel does, which then counts it in the file ``kills``.
"""

import json
import os
import signal

from engine.service import worker


def main(connection, workspace, *rest):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    import tensorflow as tf

    from engine.training.steps.loop import StepLoop

    fault = json.loads((workspace / "fault.json").read_text(encoding="utf-8"))
    learn = StepLoop.train

    def train(loop, data, indices, first_step=0, *more, **named):
        if first_step >= fault["from_step"] and indices.shape[1] > fault["fits"]:
            if fault["how"] == "kill":
                count = int((workspace / "kills").read_text(encoding="ascii").split()[1])
                (workspace / "kills").write_text(f"oom_kill {count + 1}", encoding="ascii")
                os.kill(os.getpid(), signal.SIGKILL)
            raise tf.errors.ResourceExhaustedError(
                None, None, f"OOM when allocating tensor with shape[{indices.shape[1]},64]"
            )
        return learn(loop, data, indices, first_step, *more, **named)

    StepLoop.train = train
    worker.main(connection, workspace, *rest)
