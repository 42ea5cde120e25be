"""How the trained network is asked, and how texts are made of what it says."""

from __future__ import annotations

from typing import Final

from engine.inference.decoding import is_autoregressive
from engine.preprocessing.targets import TokenTargets
from engine.service.results.exporting.script.subject import NotWritten, Subject
from engine.spec.signature import Task

PREDICT: Final = '''\
@tf.function(input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), model.inputs[0].dtype)])
def asked(x):
    return model(x, training=False)


def predict(x):
    """What the network says, by one graph for batches of any size: others may round otherwise."""
    return np.concatenate([asked(x[at : at + 1024]) for at in range(0, len(x), 1024)])'''
PREDICT_NEEDS: Final = ("import numpy as np", "import tensorflow as tf")
_WRITE: Final = '''\
def written(x):
    """Writes texts token by token, the likeliest each time; token 0 ends a text."""
    ids = np.zeros((len(x), y.shape[1]), "int32")
    for place in range(y.shape[1]):
        if place and not ids[:, place - 1].any():
            break
        likeliest = predict(with_answer(x, ids))[:, place].argmax(axis=-1)
        ids[:, place] = np.where(ids[:, place - 1] == 0, 0, likeliest) if place else likeliest
    return ids'''
_DISTANCE: Final = '''\
def distance(first, second):
    """Fewest letters to insert, remove or replace (Levenshtein)."""
    row = list(range(len(second) + 1))
    for count, letter in enumerate(first, 1):
        before, row[0] = row[0], count
        for place, other in enumerate(second, 1):
            step = min(row[place] + 1, row[place - 1] + 1, before + (letter != other))
            before, row[place] = row[place], step
    return row[-1]'''
_MEASURE: Final = """\
pairs = list(zip(answers[test], texts))
edits = sum(distance(truth, said) for truth, said in pairs)
here |= {
    "exact_match": sum(truth == said for truth, said in pairs) / len(pairs),
    "character_error_rate": edits / max(1, sum(len(truth) for truth, _ in pairs)),
}"""


def written_code(subject: Subject) -> tuple[str, tuple[str, ...]]:
    """Statements that write the texts of the test part and measure them.

    Raises:
        NotWritten: Several beginnings are followed at once.
    """
    targets = subject.prepared.preprocessing.targets
    assert isinstance(targets, TokenTargets)
    tokenizer = targets.tokenizer
    is_word = tokenizer.unit == "word"
    parts = [PREDICT]
    ids = "predict(x_test).argmax(axis=-1)"
    if is_autoregressive(subject.network, subject.signature):
        if int(subject.spec.model.parameters.get("beam_width", 1)) > 1:
            raise NotWritten("It writes texts by beam search; with 'beam_width' 1 it could.")
        parts.append(_WRITE)
        ids = "written(x_test)"
    unknown = " �" if is_word and tokenizer.exact else "�"
    between = '" "' if is_word and not tokenizer.exact else '""'
    ending = ".lstrip()" if is_word and tokenizer.exact else ""
    skipped = subject.signature.task is Task.TRANSCRIPTION
    reading = [
        "def read(ids):",
        '    """The text of tokens, up to the first 0."""',
        "    end = np.flatnonzero(ids == 0)",
        "    ids = ids[: end[0]] if len(end) else ids",
    ]
    if skipped:
        reading = [
            "def read(ids):",
            '    """The text of tokens, without repeated ones and blanks between them (CTC)."""',
            "    repeated = np.append(False, ids[1:] == ids[:-1])",
            "    ids = ids[~repeated & (ids != 0)]",
        ]
    reading += [
        f'    tokens = ["", "{unknown}", *y_vocabulary]',
        "    known = [tokens[it] if it < len(tokens) else tokens[1] for it in ids.tolist()]",
        f"    return {between}.join(known){ending}",
    ]
    parts += ["\n".join(reading), _DISTANCE]
    code = "\n\n\n".join(parts)
    return f"{code}\n\n\ntexts = [read(row) for row in {ids}]\n{_MEASURE}", PREDICT_NEEDS
