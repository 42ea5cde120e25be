"""Model files made to harm, by name; each must be refused by a sentence that names the part.

They are written byte by byte, without Keras: what harms is in the file, not in who opens it.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

SECRET: Final = 4711.0
"""A number in a file beside the model, which a control reads and the guard does not."""
N_WEIGHTS: Final = 15
MARK: Final = "mark"
"""A file that code of a model leaves beside it, where it is run."""


@dataclass(frozen=True)
class Hostile:
    """A model file made to harm.

    Attributes:
        name: What it tries.
        write: Writes it into a folder and returns its path.
        part: What the refusal must name.
        marker: What a control finds where nothing guards it, given the path: a sentence; None:
            there is nothing to see, such as memory that would be taken.
    """

    name: str
    write: Callable[[Path], Path]
    part: str
    marker: Callable[[Path], str] | None = None


# ---- a sound model, in parts


def layer(name: str, kind: str = "Dense", module: str = "keras.layers", **config: Any) -> Any:
    """An entry of a model's list of layers."""
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "registered_name": None,
    }


def dense(**config: Any) -> Any:
    """A Dense layer from 4 to 3."""
    given = {"units": 3, "activation": "softmax", "use_bias": True, **config}
    return {**layer("dense", **given), "build_config": {"input_shape": [None, 4]}}


def entry(**config: Any) -> Any:
    """An input of four numbers."""
    return layer(config.pop("name", "input"), "InputLayer", **{"batch_shape": [None, 4], **config})


def model(*layers: Any, **changes: Any) -> dict[str, Any]:
    """A sequential model of these layers; of an input and a Dense layer, if there are none."""
    config = {"name": "sound", "trainable": True, "dtype": "float32",
              "layers": list(layers) or [entry(), dense()]}  # fmt: skip
    values = {"module": "keras", "class_name": "Sequential", "config": config,
              "registered_name": None}  # fmt: skip
    return {**values, **changes}


def weights(change: Callable[[h5py.File], None] = lambda file: None, **options: Any) -> bytes:
    """A file of weights for it, changed."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        vars_ = file.create_group("layers/dense/vars")
        vars_["0"] = np.ones((4, 3), np.float32)
        vars_["1"] = np.zeros(3, np.float32)
        change(file)
    return buffer.getvalue()


def members(config: Any = None, stored: bytes | None = None, **more: bytes) -> dict[str, bytes]:
    """The members of a model's archive by name."""
    text = config if isinstance(config, bytes) else json.dumps(config or model()).encode()
    return {
        "metadata.json": b'{"keras_version": "3.15.1"}',
        "config.json": text,
        "model.weights.h5": weights() if stored is None else stored,
        **more,
    }


def write(folder: Path, parts: dict[str, bytes], pack: int = zipfile.ZIP_STORED) -> Path:
    """Writes an archive."""
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w", pack) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def sound(folder: Path) -> Path:
    """A file that is as Keras writes it."""
    return write(folder, members())


# ---- what the configuration does


def _config(name: str, config: Any, part: str = "config.json") -> Hostile:
    return Hostile(name, lambda folder: write(folder, members(config)), part)


def _with(name: str, *layers: Any, part: str = "config.json") -> Hostile:
    return _config(name, model(entry(), *layers), part)


def _code(mark: Path | None = None) -> Any:
    """A function as Keras stores it: code of Python's, which writes a file where it is run."""
    value = "4wEAAAA="
    if mark is not None:
        function = eval(f"lambda x: (open({str(mark)!r}, 'w').close(), x)[1]")
        value = base64.b64encode(marshal.dumps(function.__code__)).decode()
    config = {"code": value, "value": value, "defaults": None, "closure": None}
    return {"class_name": "__lambda__", "config": config}


def _lambda(mark: Path | None = None) -> Any:
    return layer("evil", "Lambda", function=_code(mark), arguments={})


def _with_mark(make: Callable[[Path], Any]) -> Callable[[Path], Path]:
    """Writes a model whose code, or graph, leaves a file beside it where it is run."""
    return lambda folder: write(folder, members(model(*make(folder / MARK))))


def _run_by_keras(path: Path) -> str:
    """What comes of it where Keras loads it as it would a model of one's own, and it is asked."""
    import keras

    opened = keras.saving.load_model(path, compile=False, safe_mode=False)
    opened(np.zeros((1, 4), np.float32))
    return "code of the file has run" if (path.parent / MARK).exists() else ""


def _words_by_keras(path: Path) -> str:
    """Which words of another file are in the model that Keras loads."""
    import keras

    opened = keras.saving.load_model(path, compile=False, safe_mode=False)
    found = opened.layers[0].get_vocabulary()
    return f"the words {found} of another file" if "password" in found else ""


def _graph_that_writes(folder: Path) -> list[Any]:
    """Layers that open a SavedModel beside the file, whose graph writes."""
    import tensorflow as tf

    module = tf.Module()

    def call(x: Any) -> Any:
        written = tf.raw_ops.WriteFile(filename=str(folder), contents="evil")
        with tf.control_dependencies([written]):
            return tf.identity(x)

    module.call = tf.function(call, input_signature=[tf.TensorSpec((None, 4), tf.float32)])
    tf.saved_model.save(module, folder.parent / "graph", {"serving_default": module.call})
    graph = layer("evil", "TFSMLayer", filepath=str(folder.parent / "graph"),
                  call_endpoint="serving_default")  # fmt: skip
    return [entry(), graph]


def _function(module: str | None, name: str) -> Any:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def _functional(n_calls: int) -> dict[str, Any]:
    def called(source: str) -> Any:
        tensor = {"class_name": "__keras_tensor__", "config": {
            "shape": [None, 4], "dtype": "float32", "keras_history": [source, 0, 0]}}  # fmt: skip
        return {"args": [tensor], "kwargs": {}}

    layers = [{**entry(), "name": "input", "inbound_nodes": []}]
    last = {**layer("same", "Identity"), "name": "same"}
    layers.append({**last, "inbound_nodes": [called("input")] * n_calls})
    config = {"name": "wide", "layers": layers, "input_layers": [["input", 0, 0]],
              "output_layers": [["same", 0, 0]]}  # fmt: skip
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config,
            "registered_name": "Functional"}  # fmt: skip


def _nested(depth: int) -> dict[str, Any]:
    inner = model()
    for _ in range(depth):
        inner = model(entry(), inner)
    return inner


def _secret_words(folder: Path) -> Path:
    (folder / "secret.txt").write_text("password\n")
    lookup = layer("words", "StringLookup", vocabulary=str(folder / "secret.txt"))
    return write(folder, members(model(entry(), lookup, dense())))


_CONFIGURATIONS: Final = (
    Hostile("a Lambda layer", _with_mark(lambda mark: [entry(), _lambda(mark)]), "Lambda",
            _run_by_keras),
    _with("Lambda by its inner module",
          layer("evil", "Lambda", "keras.src.layers.core.lambda_layer"), part="Lambda"),
    Hostile("a lambda as activation",
            _with_mark(lambda mark: [entry(), dense(activation=_code(mark))]), "__lambda__",
            _run_by_keras),
    _with("TFSMLayer", layer("evil", "TFSMLayer", filepath="/tmp/model"), part="TFSMLayer"),
    Hostile("TFSMLayer with a graph that writes", _with_mark(_graph_that_writes), "TFSMLayer",
            _run_by_keras),
    _with("JaxLayer", layer("evil", "JaxLayer"), part="JaxLayer"),
    _with("FlaxLayer", layer("evil", "FlaxLayer"), part="FlaxLayer"),
    _with("TorchModuleWrapper", layer("evil", "TorchModuleWrapper", module="x"),
          part="TorchModuleWrapper"),
    _with("os.system as activation", dense(activation=_function("os", "system")), part="system"),
    _with("subprocess as layer", layer("evil", "Popen", "subprocess"), part="Popen"),
    _with("builtins.eval", dense(activation=_function("builtins", "eval")), part="eval"),
    _with("get_file", dense(activation=_function("keras.utils", "get_file")), part="get_file"),
    _with("get_file as a layer", layer("evil", "get_file", "keras.utils",
                                       origin="http://127.0.0.1:9/"), part="get_file"),
    _with("enable_unsafe_deserialization",
          dense(activation=_function("keras.config", "enable_unsafe_deserialization")),
          part="enable_unsafe"),
    _with("set_backend", dense(kernel_initializer=_function("keras.config", "set_backend")),
          part="set_backend"),
    _with("load_model", layer("evil", "load_model", "keras.saving", filepath="x.keras"),
          part="load_model"),
    _with("load_model of the inner module",
          dense(kernel_regularizer=_function("keras.src.saving.saving_api", "load_model")),
          part="load_model"),
    _with("save_img", dense(activation=_function("keras.utils", "save_img")), part="save_img"),
    _with("func_load", dense(activation=_function("keras.src.utils.python_utils", "func_load")),
          part="func_load"),
    _with("an activation's module with another function",
          dense(activation=_function("keras.activations", "deserialize")), part="deserialize"),
    _with("map_fn with a function", layer("evil", "Map", "keras.src.ops.core"), part="Map"),
    _with("a while loop", layer("evil", "WhileLoop", "keras.src.ops.core"), part="WhileLoop"),
    _with("a layer of another package", layer("evil", "Dense", "evil_package.layers"),
          part="evil_package"),
    _with("a path through __init__", layer("evil", "Dense", "keras.layers.__init__.os"),
          part="__init__"),
    _with("a module that begins as Keras's", layer("evil", "Dense", "keras.layersevil"),
          part="layersevil"),
    _with("keras_hub", layer("evil", "Backbone", "keras_hub.models"), part="keras_hub"),
    _with("a registered name", {**dense(), "registered_name": "package>Evil"}, part="Evil"),
    _with("a registered name of a function",
          dense(activation={**_function("builtins", "relu"), "registered_name": "package>relu"}),
          part="package>relu"),
    _with("no module", {**dense(), "module": None}, part="Dense"),
    _with("a typespec", dense(activation={"class_name": "__typespec__", "config": [], "module":
          "tensorflow", "registered_name": None, "spec_name": "TensorSpec"}), part="spec_name"),
    _with("bytes", dense(activation={"class_name": "__bytes__", "config": {"value": "x"}}),
          part="__bytes__"),
    _with("an initializer by another name", dense(kernel_initializer="get_file"), part="get_file"),
    _with("a constraint of somebody's", dense(kernel_constraint="Evil"), part="Evil"),
    _with("an activation of somebody's", dense(activation="evil"), part="evil"),
    _with("a setting that Keras does not write", {**dense(), "custom_objects": {}},
          part="custom_objects"),
    _with("a dunder as setting", dense(__class__="os"), part="__class__"),
    _with("a type that is none", dense(dtype="object"), part="object"),
    _with("a path as a setting", dense(data_format="../../etc/passwd"), part="passwd"),
    _config("an optimizer as the model", {**model(), "class_name": "Adam",
                                          "module": "keras.optimizers"}, "Adam"),
    _config("a list as the configuration", b"[]", "config.json"),
    _config("no JSON", b"\x80\x04cos\nsystem\n", "config.json"),
    _config("JSON 100,000 deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "config.json"),
    _config("models within models", _nested(17), "deep"),
    _config("100,000 calls", _functional(100_000), "called"),
    _config("20,000 layers", model(entry(), *[layer(f"d{n}", "Dropout", rate=0.5)
                                              for n in range(20_000)]), "layers"),
    _with("a layer of a billion units", dense(units=1_000_000_000), part="units"),
    _with("an embedding of a billion words", layer("e", "Embedding", input_dim=10**9,
                                                   output_dim=8), part="input_dim"),
    _with("more filters than weights", layer("c", "Conv2D", filters=10**6, kernel_size=[3, 3]),
          part="filters"),
    _config("an input of 10¹² numbers", model(entry(batch_shape=[None, 10**6, 10**6]), dense()),
            "batch_shape"),
    _with("padding without end", layer("p", "ZeroPadding2D", padding=[[10**9, 0], [0, 0]]),
          part="padding"),
    _with("repetition without end", layer("r", "RepeatVector", n=10**12), part="'n'"),
    _with("upsampling without end", layer("u", "UpSampling2D", size=[60_000, 60_000]), part="size"),
    _config("NaN as a size", json.dumps(model(entry(), dense(units=float("nan")))).encode(), "nan"),
    _config("infinity as a rate", json.dumps(model(entry(), layer(
        "d", "Dropout", rate=float("inf")))).encode(), "inf"),
    _config("an integer of 4,000 digits", model(entry(), layer("d", "Dropout", rate=10**3999)),
            "rate"),
    _with("a size that is text", layer("r", "Reshape", target_shape=["os", 1]), part="os"),
    _config("text without end", model(entry(), dense(data_format="x" * 2_000_000)), "data_format"),
    _config("an object's settings as text", model(entry(), {**dense(), "config": "evil"}), "evil"),
)  # fmt: skip


# ---- what the archive does


def _member(name: str, content: bytes = b"evil") -> Callable[[Path], Path]:
    return lambda folder: write(folder, {**members(), name: content})


def _info(change: Callable[[zipfile.ZipInfo], None], name: str) -> Callable[[Path], Path]:
    def written(folder: Path) -> Path:
        path = sound(folder)
        with zipfile.ZipFile(path, "a") as archive:
            info = zipfile.ZipInfo(name)
            change(info)
            archive.writestr(info, "/etc/passwd")
        return path

    return written


def _as_link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def _twice(folder: Path) -> Path:
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members().items():
            archive.writestr(name, content)
        archive.NameToInfo.clear()  # so that Python does not warn of what is wanted
        archive.writestr("config.json", json.dumps(model(entry(), _lambda())))
    return path


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def written(folder: Path) -> Path:
        path = sound(folder)
        path.write_bytes(change(path.read_bytes()))
        return path

    return written


def _encrypted(content: bytes) -> bytes:
    """Both headers of each member say that it is encrypted."""
    changed = bytearray(content)
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(sign)
        while place >= 0:
            changed[place + offset] |= 1
            place = changed.find(sign, place + 4)
    return bytes(changed)


def _longer(content: bytes) -> bytes:
    """The directory promises 4 GB of the weights."""
    changed = bytearray(content)
    place = changed.find(b"PK\x01\x02")
    while place >= 0:
        struct.pack_into("<I", changed, place + 24, 0xFFFF_FFF0)
        place = changed.find(b"PK\x01\x02", place + 4)
    return bytes(changed)


def _bomb(folder: Path) -> Path:
    return write(folder, members(stored=b"\0" * (200 << 20)), zipfile.ZIP_DEFLATED)


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("pickled-marker"),))


def _legacy(folder: Path) -> Path:
    path = folder / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(model(entry(), _lambda()))
        file.attrs["keras_version"] = "2.15.0"
    return path


_ARCHIVES: Final = (
    Hostile("a name that leads out", _member("../../evil.py"), "evil.py"),
    Hostile("a name from the root", _member("/etc/cron.d/evil"), "evil"),
    Hostile("a name with a drive", _member("C:/evil.py"), "evil"),
    Hostile("a name with backslashes", _member("..\\evil.py"), "evil"),
    Hostile("a vocabulary that leads out", _member("assets/../../vocabulary.txt"), "vocabulary"),
    Hostile("a file that Keras does not write", _member("assets/evil.py"), "evil.py"),
    Hostile("a pickle beside it", _member("model.pkl", pickle.dumps({"a": 1})), "model.pkl"),
    Hostile("a vocabulary that is no text", _member("assets/words/vocabulary.txt", b"\xff\xfe\xff"),
            "vocabulary"),
    Hostile("a link", _info(_as_link, "assets/words/vocabulary.txt"), "link"),
    Hostile("a member twice", _twice, "config.json"),
    Hostile("a member in other letters", _member("CONFIG.JSON"), "CONFIG.JSON"),
    Hostile("encrypted members", _bytes(_encrypted), "encrypted"),
    Hostile("members longer than they are", _bytes(_longer), "archive"),
    Hostile("a bomb of zeros", _bomb, "archive"),
    Hostile("5,000 members", lambda folder: write(folder, {
        **members(), **{f"assets/l{n}/vocabulary.txt": b"a" for n in range(5_000)}}), "members"),
    Hostile("a script before the archive", _bytes(lambda it: b"#!/bin/sh\necho\n" + it), "begin"),
    Hostile("an archive behind the archive", _bytes(lambda it: it + it), "archive"),
    Hostile("text behind the archive", _bytes(lambda it: it + b"<script>"), "archive"),
    Hostile("a cut archive", _bytes(lambda it: it[: len(it) // 2]), "archive"),
    Hostile("a pickle by this name", lambda folder: _plain(folder, pickle.dumps(_Evil())), "begin"),
    Hostile("HDF5 with a Lambda", _legacy, "older format"),
    Hostile("HDF5 by this name", lambda folder: _plain(folder, weights()), "older format"),
    Hostile("an empty file", lambda folder: _plain(folder, b""), "begin"),
    Hostile("no weights", lambda folder: write(folder, {
        "config.json": json.dumps(model()).encode()}), "model.weights.h5"),
    Hostile("no configuration", lambda folder: write(folder, {
        "model.weights.h5": weights()}), "config.json"),
)  # fmt: skip


def _plain(folder: Path, content: bytes) -> Path:
    path = folder / "model.keras"
    path.write_bytes(content)
    return path


# ---- what the weights do


def _stored(change: Callable[[h5py.File], None], **options: Any) -> Callable[[Path], Path]:
    return lambda folder: write(folder, members(stored=weights(change, **options)))


def _replace(file: h5py.File, **options: Any) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset("0", **options)


def _external_link(folder: Path) -> Path:
    with h5py.File(folder / "secret.h5", "w") as file:
        file["numbers"] = np.full((4, 3), SECRET, np.float32)

    def change(file: h5py.File) -> None:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = h5py.ExternalLink(str(folder / "secret.h5"), "numbers")

    return _stored(change)(folder)


def _external_storage(folder: Path) -> Path:
    secret = folder / "secret.bin"
    secret.write_bytes(np.full((4, 3), SECRET, np.float32).tobytes())
    return _stored(
        lambda file: _replace(file, shape=(4, 3), dtype="f4", external=[(str(secret), 0, 48)])
    )(folder)


def _virtual(folder: Path) -> Path:
    with h5py.File(folder / "secret.h5", "w") as file:
        file["numbers"] = np.full((4, 3), SECRET, np.float32)
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "numbers", (4, 3))

    def change(file: h5py.File) -> None:
        del file["layers/dense/vars/0"]
        file.create_virtual_dataset("layers/dense/vars/0", layout)

    return _stored(change)(folder)


def _read_number(path: Path) -> str:
    """What a program that reads the weights without looking gets."""
    with zipfile.ZipFile(path) as archive:
        copy = path.with_name("unguarded.h5")
        copy.write_bytes(archive.read("model.weights.h5"))
    with h5py.File(copy) as file:
        first = float(file["layers/dense/vars/0"][0, 0])
    return f"the number {first:g} of another file" if first == SECRET else ""


def _soft(file: h5py.File) -> None:
    file["again"] = h5py.SoftLink("/layers")


def _circle(file: h5py.File) -> None:
    file["layers/dense/again"] = file["layers"]


def _soft_circle(file: h5py.File) -> None:
    file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")


def _deep(file: h5py.File) -> None:
    file.create_group("/".join("g" * 200))


def _objects(file: h5py.File) -> None:
    del file["layers/dense/vars/0"]
    kind = h5py.string_dtype()
    file["layers/dense/vars/0"] = np.array([b"evil"] * 12, object).astype(kind)


def _references(file: h5py.File) -> None:
    _replace(file, shape=(4,), dtype=h5py.ref_dtype)


def _unknown_filter(file: h5py.File) -> None:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((4, 3))
    plist.set_filter(32_015, h5py.h5z.FLAG_OPTIONAL)
    del file["layers/dense/vars/0"]
    h5py.h5d.create(
        file["layers/dense/vars"].id, b"0", h5py.h5t.IEEE_F32LE,
        h5py.h5s.create_simple((4, 3)), plist,
    )  # fmt: skip


def _notes(file: h5py.File) -> None:
    for number in range(100):
        file["layers"].attrs[f"note{number}"] = number


_WEIGHTS: Final = (
    Hostile("a link to another file", _external_link, "link to another file", _read_number),
    Hostile("numbers in another file", _external_storage, "another file", _read_number),
    Hostile("a virtual array", _virtual, "other arrays", _read_number),
    Hostile("a soft link", _stored(_soft), "link"),
    Hostile("a circle of groups", _stored(_circle), "two names"),
    Hostile("a circle of soft links", _stored(_soft_circle), "link"),
    Hostile("groups 200 deep", _stored(_deep), "deep"),
    Hostile("10¹² numbers, never written",
            _stored(lambda file: _replace(file, shape=(10**6, 10**6), dtype="f4")), "promises"),
    Hostile("10¹² numbers in chunks, never written",
            _stored(lambda file: _replace(file, shape=(10**6, 10**6), dtype="f4", chunks=(1, 1),
                                          compression="gzip")), "promise"),
    Hostile("zeros by the million, packed",
            _stored(lambda file: _replace(file, data=np.zeros((4_000, 4_000), "f4"),
                                          compression="gzip")), "promise"),
    Hostile("text as weights", _stored(_objects), "not numbers"),
    Hostile("references as weights", _stored(_references), "not numbers"),
    Hostile("records as weights",
            _stored(lambda file: _replace(file, shape=(4,), dtype=[("a", "f4"), ("b", "i4")])),
            "not numbers"),
    Hostile("complex weights", _stored(lambda file: _replace(file, data=np.ones((4, 3), "c8"))),
            "not numbers"),
    Hostile("weights of no shape",
            _stored(lambda file: _replace(file, data=h5py.Empty("f4"))), "shape"),
    Hostile("another program unpacks them", _stored(_unknown_filter), "32015"),
    Hostile("notes by the hundred", _stored(_notes), "notes"),
    Hostile("a block before HDF5", _stored(lambda file: None, userblock_size=512), "begin"),
    Hostile("no HDF5", lambda folder: write(folder, members(stored=b"evil" * 100)), "begin"),
    Hostile("a cut file of weights", lambda folder: write(folder, members(
        stored=weights()[:-600])), "shorter"),
    Hostile("NumPy objects as weights", lambda folder: write(folder, members(
        stored=pickle.dumps(np.array([None])))), "begin"),
)  # fmt: skip

HOSTILE: Final = (
    *_CONFIGURATIONS,
    Hostile("a vocabulary that is a file", _secret_words, "vocabulary", _words_by_keras),
    *_ARCHIVES,
    *_WEIGHTS,
)
