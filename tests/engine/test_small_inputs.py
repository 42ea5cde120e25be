"""Data too small for the usual settings: the defaults fit themselves, and what is set stays."""

import pytest

from engine.architectures import ARCHITECTURES
from engine.errors import SpecError
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve

SIZES = [(9, 9), (5, 5), (4, 7), (3, 3), (1, 40), (40, 1), (2, 2), (1, 1)]
CASES = [
    *((Signature(Kind.IMAGE, Task.CLASSIFICATION, (*size, 1), 3), "cnn") for size in SIZES),
    *((Signature(Kind.IMAGE, Task.CLASSIFICATION, (*size, 3), 3), "resnet") for size in SIZES),
    *((Signature(Kind.IMAGE, Task.ANOMALY, (*size, 1)), "autoencoder") for size in SIZES),
    *(
        (Signature(Kind.SERIES, Task.CLASSIFICATION, (steps, 2), 3), "series_cnn")
        for steps in (1, 2, 3)
    ),
    *((Signature(Kind.SERIES, Task.ANOMALY, (steps, 2)), "autoencoder") for steps in (1, 2, 3)),
    *(
        (Signature(Kind.AUDIO, Task.CLASSIFICATION, (frames, 40, 1), 3), name)
        for frames in (2, 3)
        for name in ("sound_cnn", "sound_rnn")
    ),
    *(
        (Signature(Kind.VIDEO, Task.CLASSIFICATION, (3, side, 5, 1), 3), name)
        for side in (2, 4)
        for name in ("video_cnn", "video_rnn")
    ),
]


def resolved(signature, name, **parameters):
    values = {"data": {"source": "digits"}, "model": {"name": name, "parameters": parameters}}
    return resolve(RunSpec.from_dict(values), signature).model.parameters


@pytest.mark.parametrize(
    ("signature", "name"), CASES, ids=lambda item: str(getattr(item, "input_shape", item))
)
def test_defaults_fit_themselves(signature, name):
    architecture = ARCHITECTURES[name]
    values = resolved(signature, name)
    network = architecture.build(signature, architecture.parameters.model_validate(values))
    assert network.output_shape[1:] == (signature.n_outputs,)


def test_what_was_fitted_can_be_told():
    cnn = ARCHITECTURES["cnn"]
    small = Signature(Kind.IMAGE, Task.CLASSIFICATION, (2, 2, 1), 3)
    fitted = {"padding": "same", "pool_size": 1}
    assert cnn.smaller_in(resolved(small, "cnn")) == fitted
    assert cnn.smaller_in(cnn.parameters().model_dump()) == {}


def test_usual_sizes_keep_the_defaults():
    usual = ARCHITECTURES["cnn"].parameters().model_dump()
    signature = Signature(Kind.IMAGE, Task.CLASSIFICATION, (10, 10, 1), 3)
    assert resolved(signature, "cnn") == usual


def test_what_is_set_stays_and_is_refused_where_it_cannot_work():
    signature = Signature(Kind.IMAGE, Task.CLASSIFICATION, (9, 9, 1), 3)
    values = resolved(signature, "cnn", kernel_size=2, dense_units=16)
    assert (values["kernel_size"], values["dense_units"], values["padding"]) == (2, 16, "valid")
    assert resolved(signature, "cnn", dense_units=16)["padding"] == "same"
    for given in ({"kernel_size": 5}, {"padding": "valid", "pool_size": 2}):
        with pytest.raises(SpecError, match="Nothing is left of a 9×9 image"):
            resolved(signature, "cnn", **given)
