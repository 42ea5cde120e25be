"""Where a training computes and in how many bits, for made-up machines."""

from dataclasses import replace

import keras
import pytest
import tensorflow as tf
from made_up_machines import CARD, NO_DRIVER, TENSORFLOW, WORKING

from engine.devices.doctor import Gpu, diagnose
from engine.errors import SpecError
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.spec.training_spec import ExecutionSpec
from engine.training.model import placement
from engine.training.model.placement import ANYWHERE, Placement, decide, has_short_floats, place

DIGITS = Signature(Kind.IMAGE, Task.CLASSIFICATION, (28, 28, 1), 10)
TABLE = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
AGES = Signature(Kind.IMAGE, Task.REGRESSION, (28, 28, 1))
NEW = Gpu("RTX 5090", (12, 0))
OLD = Gpu("GTX 1080", (6, 1))


def machine(*gpus):
    return replace(WORKING, gpus=gpus, tensorflow=replace(TENSORFLOW, gpus=gpus))


def decided(facts, signature=DIGITS, **chosen):
    return decide(ExecutionSpec(**chosen), facts, lambda: diagnose(facts), signature)


@pytest.mark.parametrize(
    ("device", "gpus", "expected"),
    [
        ("auto", (), ("CPU:0",)),
        ("auto", (CARD,), ("GPU:0",)),
        ("auto", (CARD, CARD), ("GPU:0",)),
        ("auto", (NEW,), ("CPU:0",)),
        ("auto", (NEW, CARD), ("GPU:1",)),
        ("auto", (Gpu("of another maker"),), ("GPU:0",)),
        ("cpu", (CARD,), ("CPU:0",)),
        ("cpu", (), ("CPU:0",)),
        ("gpu", (CARD, CARD), ("GPU:0",)),
        ("gpu", (NEW,), ("GPU:0",)),
        ("all_gpus", (CARD, CARD), ("GPU:0", "GPU:1")),
        ("all_gpus", (CARD,), ("GPU:0",)),
    ],
)
def test_devices(device, gpus, expected):
    found = decided(machine(*gpus), device=device)
    assert found.devices == expected
    assert found.is_several is (len(expected) > 1)
    assert found.reason.endswith(".")


@pytest.mark.parametrize("device", ["gpu", "all_gpus"])
def test_a_gpu_that_cannot_be_used_is_refused_with_the_doctors_words(device):
    with pytest.raises(SpecError) as caught:
        decided(NO_DRIVER, device=device)
    (problem,) = caught.value.problems
    assert problem.field == "execution.device"
    assert problem.message == f"TensorFlow can use no GPU on this machine. Received: {device}."
    assert "An NVIDIA GPU was found, but no NVIDIA driver." in problem.hint
    assert "Run: sudo ubuntu-drivers install" in problem.hint
    assert problem.hint.endswith("Or choose 'auto' or 'cpu'.")


@pytest.mark.parametrize(
    ("precision", "gpus", "signature", "policy"),
    [
        ("auto", (), DIGITS, "float32"),
        ("auto", (CARD,), DIGITS, "mixed_float16"),
        ("auto", (OLD,), DIGITS, "float32"),
        ("auto", (Gpu("of another maker"),), DIGITS, "float32"),
        ("auto", (CARD,), TABLE, "float32"),
        ("auto", (CARD,), AGES, "float32"),
        ("float32", (CARD,), DIGITS, "float32"),
        ("mixed", (CARD,), TABLE, "mixed_float16"),
        ("mixed", (), TABLE, "mixed_bfloat16"),
    ],
)
def test_bits(precision, gpus, signature, policy):
    found = decided(machine(*gpus), signature, precision=precision)
    assert found.policy == policy
    assert ("16 bits" in found.reason) is (policy != "float32")


def test_all_devices_must_gain():
    assert decided(machine(CARD, OLD), device="all_gpus").policy == "float32"


def test_a_gpu_newer_than_tensorflow_is_told_in_the_reason():
    assert "RTX 5090 is too new for this TensorFlow" in decided(machine(NEW)).reason


def spec(**sections):
    return RunSpec.from_dict({"data": {"source": "iris"}, **sections})


def test_this_machine_can_compute_on_its_processor():
    found = place(spec(execution={"device": "cpu"}), TABLE)
    assert (found.devices, found.policy) == (("CPU:0",), "float32")
    assert found.make_strategy() is None
    with found.scope():
        assert tf.zeros(3).device.endswith("device:CPU:0")


def test_on_another_device_everything_lies_there():
    with Placement(("CPU:0",)).scope():
        assert keras.Variable([1.0]).value.device.endswith("CPU:0")
    with ANYWHERE.scope():
        assert tf.zeros(3).device


def test_gradients_are_not_accumulated_on_several_devices(monkeypatch):
    monkeypatch.setattr(placement, "look_at_tensorflow", lambda facts: machine(CARD, CARD))
    with pytest.raises(SpecError) as caught:
        place(spec(training={"accumulate": 4}, execution={"device": "all_gpus"}), TABLE)
    assert [item.field for item in caught.value.problems] == ["training.accumulate"]
    assert place(spec(training={"accumulate": 4}), TABLE).devices == ("GPU:0",)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512f avx512_bf16", True), ("fpu amx_bf16", True), ("fpu avx2 fma", False)],
)
def test_processors_that_multiply_short_numbers(tmp_path, flags, expected):
    path = tmp_path / "cpuinfo"
    path.write_text(f"flags\t\t: {flags}\n")
    assert has_short_floats(path) is expected
    assert has_short_floats(tmp_path / "none") is True
