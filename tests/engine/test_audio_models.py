"""Networks for sound: their outputs, what they refuse, and CTC in the form Keras takes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from engine.architectures import ARCHITECTURES
from engine.errors import SpecError
from engine.preprocessing.targets import TokenTargets
from engine.preprocessing.tokens import Tokenizer
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve, training_defaults
from engine.training.model.building import build, compile_model
from engine.training.plan import Plan

SHAPE = (40, 20, 1)
SIGNATURES = {
    "two classes": Signature(Kind.AUDIO, Task.CLASSIFICATION, SHAPE, 2),
    "classes": Signature(Kind.AUDIO, Task.CLASSIFICATION, SHAPE, 8),
    "number": Signature(Kind.AUDIO, Task.REGRESSION, SHAPE),
    "text": Signature(Kind.AUDIO, Task.TRANSCRIPTION, SHAPE, 7, target_length=4),
}
TEXTS = np.array(["a", "bc", "abba", "cab", "dd", "ed", "bade", "e"], object)


def spec_of(signature: Signature, **parameters: object) -> RunSpec:
    is_text = signature.task is Task.TRANSCRIPTION
    name = "sound_transcriber" if is_text else "sound_cnn"
    spec = RunSpec.from_dict(
        {"data": {"source": "any"}, "model": {"name": name, "parameters": parameters}}
    )
    return resolve(spec, signature)


def eight(signature: Signature) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(5).normal(size=(8, *SHAPE)).astype(np.float32)
    if signature.task is Task.REGRESSION:
        return x, np.linspace(-1, 1, 8)
    if signature.task is Task.TRANSCRIPTION:
        return x, targets().transform(TEXTS)
    return x, np.arange(8) % signature.n_classes


def targets() -> TokenTargets:
    return TokenTargets(Tokenizer.fit(TEXTS, "character", keep_all=True), True)


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_builds_from_defaults_with_the_right_output(signature):
    network = build(spec_of(signature), signature)
    outputs = network(eight(signature)[0]).numpy()
    if signature.task is Task.TRANSCRIPTION:
        assert outputs.shape == (8, 10, 7)  # 40 frames halved twice, logits of each token
    else:
        assert outputs.shape == (8, signature.n_outputs)
    assert np.isfinite(outputs).all()


def test_what_was_learnt_by_heart_is_written_down():
    signature = SIGNATURES["text"]
    spec = spec_of(signature)
    network = build(spec, signature)
    compile_model(network, spec, signature, Plan())
    x, y = eight(signature)
    # All steps in one epoch, as an epoch of one step costs much more than its step.
    network.fit(np.tile(x, (150, 1, 1, 1)), np.tile(y, (150, 1)),
                batch_size=8, shuffle=False, verbose=0)  # fmt: skip
    assert targets().restore(network.predict(x, verbose=0)).tolist() == TEXTS.tolist()


def test_the_loss_is_that_of_the_likelihood_of_all_paths():
    # Two moments, tokens: blank, a, b. The text "a": paths aa, a-, -a.
    probabilities = np.array([[[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]], np.float32)
    expected = -np.log(0.3 * 0.6 + 0.3 * 0.1 + 0.5 * 0.6)
    # Logits of any offset: Keras takes the softmax itself.
    loss = keras.losses.get("ctc")(np.array([[1, 0]]), np.log(probabilities) + 3.0)
    assert float(np.mean(loss)) == pytest.approx(expected, rel=1e-5)


def test_the_defaults_are_ctc_for_texts_alone():
    loss = {
        name: training_defaults(
            ARCHITECTURES["sound_transcriber" if name == "text" else "sound_cnn"], signature
        ).loss
        for name, signature in SIGNATURES.items()
    }
    assert loss == {
        "two classes": "binary_crossentropy",
        "classes": "sparse_categorical_crossentropy",
        "number": "mean_squared_error",
        "text": "ctc",
    }


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        ({"filters": [8] * 6}, "40 frames"),
        ({"filters": [8] * 5, "convolution": "time_and_pitch"}, "20 bands"),
    ],
)
def test_blocks_that_leave_nothing_are_refused_before_training(parameters, what):
    with pytest.raises(SpecError) as caught:
        spec_of(SIGNATURES["classes"], **parameters)
    (problem,) = caught.value.problems
    assert problem.field == "model.parameters.filters"
    assert what in problem.message
    assert "fewer blocks" in problem.hint


def test_recordings_shorter_than_their_texts_are_refused_before_training():
    # "aaaa" needs seven moments.
    with pytest.raises(SpecError) as caught:
        spec_of(Signature(Kind.AUDIO, Task.TRANSCRIPTION, (6, 20, 1), 7, target_length=4))
    (problem,) = caught.value.problems
    assert problem.field == "model.parameters.filters"
    assert "6 frames" in problem.message
    assert "longer recordings" in problem.hint


@pytest.mark.parametrize(
    ("frames", "moments"), [(7, 7), (13, 13), (14, 7), (27, 13), (28, 7), (90, 22)]
)
def test_short_recordings_are_halved_less_often(frames, moments):
    signature = Signature(Kind.AUDIO, Task.TRANSCRIPTION, (frames, 20, 1), 7, target_length=4)
    network = build(spec_of(signature), signature)
    assert network.output_shape == (None, moments, 7)
    assert sum("Conv1D" in type(layer).__name__ for layer in network.layers) == 2


def test_convolutions_along_time_and_pitch_keep_what_pitch_it_was():
    signature = SIGNATURES["classes"]
    network = build(spec_of(signature, filters=[4, 8], convolution="time_and_pitch"), signature)
    assert network.get_layer("moments").output.shape == (None, 10, 5 * 8)


def test_a_recurrent_network_cannot_merge_more_frames_than_there_are():
    values = {"name": "sound_rnn", "parameters": {"merged_frames": 41}}
    spec = RunSpec.from_dict({"data": {"source": "any"}, "model": values})
    with pytest.raises(SpecError) as caught:
        resolve(spec, SIGNATURES["classes"])
    assert caught.value.problems[0].field == "model.parameters.merged_frames"


def test_just_enough_moments_are_enough():
    # "aaaa" needs seven moments: four characters and three blanks between them.
    signature = Signature(Kind.AUDIO, Task.TRANSCRIPTION, (28, 20, 1), 7, target_length=4)
    network = build(spec_of(signature), signature)
    assert network.output_shape == (None, 7, 7)
    loss = keras.losses.get("ctc")(np.array([[2, 2, 2, 2]]), np.zeros((1, 7, 7), np.float32))
    assert np.isfinite(np.mean(loss))
