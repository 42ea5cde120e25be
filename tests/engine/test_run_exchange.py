"""A run as one file: from one workspace to another, and what is refused on the way in."""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tiny_results import Guesser, network_for, result_of, tiny_run

from engine.datasets.base import silent
from engine.errors import Cancelled, DescentError, WorkspaceError
from engine.events.explaining import ColumnImportance, ModelExplanation
from engine.events.insights import GradientFlow
from engine.events.run_events import EpochEnded, RunFinished, SettingChanged, StepsDone
from engine.inference.evaluation.analysis import Analysis
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.explanations import load_explanation, save_explanation
from engine.inference.evaluation.predictions import Predictions
from engine.runs.environment import environments_of, note_environment
from engine.runs.store import RunStore
from engine.service.exchange.importing import import_run
from engine.service.results.exporting import format_named
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Kind, Signature, Task

EXPLANATION = ModelExplanation(
    "test", 18, "accuracy", 0.5, False, 5, (ColumnImportance("x0", 0.2, (0.1, 0.3)),), (), "target"
)
SIGNATURE = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)


def told(run: str):
    """What a training tells of two epochs."""
    ones = np.ones(2, np.float32)
    metrics = {"loss": 0.1 + 0.2, "val_loss": float("nan")}
    return [
        StepsDone(run, 1, 0, {"loss": np.array([3, 2, 1], np.float32)}, 0.5),
        EpochEnded(run, 1, 3, {"loss": 1.0}, 0.5, 0.5, 6.0, True, 0.01),
        GradientFlow(run, 3, 1.0, ("a", "b"), ones, 2 * ones, 3 * ones, np.nan * ones),
        SettingChanged(run, 2, 3, "training.learning_rate", 0.01, 0.02, "You."),
        EpochEnded(run, 2, 6, metrics, 0.5, 1.0, 6.0, False, 0.02),
        RunFinished(run, reason="Done.", metrics={"test_accuracy": 0.5}),
    ]


def ended(run: OpenedRun, store: RunStore) -> OpenedRun:
    store.record(told(run.record.id))
    store.set_note(run.record.id, "A note. <b>")
    run.record = store.get(run.record.id)
    return run


def exported(run: OpenedRun, to: Path) -> Path:
    return Path(format_named("run").export(run, to, silent).path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[OpenedRun, Path]:
    """A run with a model and results, and its file."""
    place = tmp_path_factory.mktemp("whole")
    with RunStore(place / "first") as store:
        run = tiny_run(store, SIGNATURE, network_for, "mlp")
        run.model.save(run.folder)
        vars(run)["contract"] = type(run.contract).load(run.folder)
        result_of(run)
        save_explanation(run.folder, EXPLANATION, run.contract.model_digest)
        note_environment(run.folder, 2)
        ended(run, store)
    return run, exported(run, place / "run.descent")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a run that has results and no model."""
    place = tmp_path_factory.mktemp("plain")
    with RunStore(place / "first") as store:
        run = tiny_run(store, SIGNATURE, Guesser)
        result_of(run)
        (run.folder / "contract.json").unlink()
        return exported(ended(run, store), place / "run.descent")


@pytest.fixture
def store(tmp_path: Path):
    with RunStore(tmp_path / "second") as found:
        yield found


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rebuilt(path: Path, to: Path, changes: dict[str, bytes | None], **manifest: object) -> Path:
    """The archive with other members, and a manifest that fits them."""
    content = {**members(path), **changes}
    content = {name: value for name, value in content.items() if value is not None}
    about = json.loads(content.pop("manifest.json"))
    about["members"] = {name: hashlib.sha256(it).hexdigest() for name, it in content.items()}
    with zipfile.ZipFile(to, "w") as archive:
        for name, value in content.items():
            packing = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
            archive.writestr(name, value, packing)
        archive.writestr("manifest.json", json.dumps({**about, **manifest}))
    return to


def assert_untouched(store: RunStore) -> None:
    """Nothing of what was refused is left."""
    assert store.runs() == []
    assert store.bad_rows() == []
    assert list((store.workspace / "runs").iterdir()) == []
    assert not [it for it in store.workspace.iterdir() if "incoming" in it.name]


class TestRoundTrip:
    def test_everything_is_as_it_was(self, whole, store):
        run, path = whole
        done = import_run(path, store)
        before, after = run.record, done.record
        assert done.is_new
        assert not done.notes
        assert after.id == before.id
        for name in ("name", "note", "state", "reason", "created_at", "ended_at", "spec_json"):
            assert getattr(after, name) == getattr(before, name)
        assert after.metrics == pytest.approx(before.metrics, nan_ok=True)
        with RunStore(run.folder.parents[1]) as first:
            for what in ("epochs", "changes", "flow"):
                found, expected = (getattr(it, what)(after.id) for it in (store, first))
                assert len(found) == len(expected) > 0
                assert repr(found) == repr(expected)
            np.testing.assert_array_equal(store.steps(after.id)["loss"], [3, 2, 1])
        folder = store.folder(after.id)
        assert Evaluation.load(folder).to_dict() == Evaluation.load(run.folder).to_dict()
        assert Analysis.load(folder).to_dict() == Analysis.load(run.folder).to_dict()
        assert len(environments_of(folder)) == 1
        assert environments_of(folder) == environments_of(run.folder)
        rows = run.prepared().parts.test
        there = OpenedRun(after, folder)
        np.testing.assert_array_equal(
            there.model.predict(run.prepared().examples.x[rows]), run.predict(rows)
        )

    def test_no_example_is_in_it(self, whole):
        run, path = whole
        for content in members(path).values():
            assert run.prepared().examples.x[:1].tobytes() not in content

    def test_the_same_file_twice_is_one_run(self, plain, store):
        first, second = import_run(plain, store), import_run(plain, store)
        assert (first.is_new, second.is_new) == (True, False)
        assert second.record.id == first.record.id
        assert len(store.runs()) == 1

    def test_one_that_was_deleted_is_back(self, plain, store):
        run = import_run(plain, store).record.id
        store.delete(run)
        done = import_run(plain, store)
        assert not done.is_new
        assert "back in the list" in done.notes[0]
        assert [it.id for it in store.runs()] == [run]

    def test_where_the_id_is_taken_it_gets_another(self, whole, store):
        run, path = whole
        import_run(path, store)
        other = json.loads(members(path)["run.json"]) | {"epochs_done": 1, "note": "Another."}
        changed = rebuilt(path, store.workspace / "a", {"run.json": json.dumps(other).encode()})
        done = import_run(changed, store)
        assert done.is_new
        assert done.record.id != run.record.id
        assert done.record.name != run.record.name  # numbered
        assert run.record.id in done.notes[0]
        folder = store.folder(done.record.id)
        for part in ("test", "validation"):
            found, before = Predictions.load(folder, part), Predictions.load(run.folder, part)
            assert found.digest == before.digest
        assert Evaluation.load(folder).to_dict() == Evaluation.load(run.folder).to_dict()
        contract = OpenedRun(done.record, folder).contract
        assert len(contract.class_names) == 3
        kept = load_explanation(folder, contract.model_digest)
        assert kept.importance == EXPLANATION.importance
        assert [it.run for it in store.epochs(done.record.id)] == [done.record.id] * 2
        assert not import_run(changed, store).is_new

    def test_the_same_run_gives_the_same_file(self, whole, tmp_path):
        run, path = whole
        again = exported(run, tmp_path / "again.descent")
        assert again.read_bytes() == path.read_bytes()

    def test_a_damaged_result_stays_behind(self, tmp_path):
        with RunStore(tmp_path / "first") as first:
            run = ended(tiny_run(first, SIGNATURE, Guesser), first)
        (run.folder / "contract.json").unlink()
        (run.folder / "analysis.json").write_text("{")
        done = format_named("run").export(run, tmp_path / "a.descent", silent)
        assert any("analysis.json" in note for note in done.notes)
        assert "analysis.json" not in members(tmp_path / "a.descent")

    def test_one_that_goes_on_does_not_leave(self, tmp_path):
        with RunStore(tmp_path / "first") as first:
            run = tiny_run(first, SIGNATURE, Guesser)
        with pytest.raises(WorkspaceError, match="has not ended"):
            exported(run, tmp_path / "a.descent")
        assert not (tmp_path / "a.descent").exists()


def bad_row(**changes: object):
    def change(content: dict[str, bytes]) -> dict[str, bytes | None]:
        return {"run.json": json.dumps({**json.loads(content["run.json"]), **changes}).encode()}

    return change


def bad_history(**changes: object):
    def change(content: dict[str, bytes]) -> dict[str, bytes | None]:
        history = {**json.loads(content["history.json"]), **changes}
        return {"history.json": json.dumps(history).encode()}

    return change


def bomb(_: dict[str, bytes]) -> dict[str, bytes | None]:
    """A kilobyte of predictions that takes a gigabyte."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.npy", bytes(64 << 20))
    return {"predictions-test.npz": packed.getvalue()}


def pickled(_: dict[str, bytes]) -> dict[str, bytes | None]:
    packed = io.BytesIO()
    np.savez(packed, rows=np.array([{"a": 1}], object))
    return {"predictions-test.npz": packed.getvalue()}


EPOCH = {"epoch": 1, "step": 1, "metrics": {"loss": 1.0}, "duration_s": 1.0, "elapsed_s": 1.0}
EPOCH |= {"samples_per_s": 1.0, "is_best": True, "learning_rate": 0.1}

WRONG = {
    "another id": bad_row(id="20200101-000000-0000"),
    "a path for an id": bad_row(id="../../../tmp/x"),
    "an unknown column": bad_row(**{"name) VALUES ('x'); DROP TABLE runs; --": "x"}),
    "a column that does not travel": bad_row(owner_pid=1),
    "a state of none": bad_row(state="exploded"),
    "a run that goes on": bad_row(state="running"),
    "a time of none": bad_row(created_at="yesterday"),
    "no name": bad_row(name=None),
    "a list for a note": bad_row(note=["x"]),
    "a huge count": bad_row(epochs_done=2**80),
    "metrics that are none": bad_row(metrics='{"loss": "low"}'),
    "a plan that is none": bad_row(plan="[]"),
    "no row": lambda _: {"run.json": b"[]"},
    "no JSON": lambda _: {"run.json": b"{"},
    "no text": lambda _: {"spec.json": b"\xff\xfe"},
    "deep JSON": lambda _: {"history.json": b"[" * 100_000},
    "a deep spec": lambda _: {"spec.json": b'{"data":' * 5_000 + b"1" + b"}" * 5_000},
    "a spec of nothing": lambda _: {"spec.json": b'{"data": 1}'},
    "a newer spec": lambda _: {"spec.json": b'{"schema_version": 99, "data": {"source": "x"}}'},
    "an epoch of text": bad_history(epochs=[{**EPOCH, "epoch": "one"}]),
    "an epoch below zero": bad_history(epochs=[{**EPOCH, "epoch": -1}]),
    "an epoch with more": bad_history(epochs=[{**EPOCH, "more": 1}]),
    "metrics of text": bad_history(epochs=[{**EPOCH, "metrics": {"loss": "low"}}]),
    "a change without values": bad_history(changes=[{"epoch": 1}]),
    "steps that are missing": bad_history(steps=["loss", "accuracy"]),
    "steps of one name": bad_history(steps=["loss", "loss"]),
    "layers that do not fit": bad_history(layers=["a", "b", "c"]),
    "an evaluation of another run": lambda it: {
        "evaluation.json": it["evaluation.json"].replace(b'"n_samples": ', b'"n_samples": 9')
    },
    "an analysis cut off": lambda it: {"analysis.json": it["analysis.json"][:100]},
    "predictions that are a bomb": bomb,
    "predictions that are pickled": pickled,
    "predictions cut off": lambda it: {"predictions-test.npz": it["predictions-test.npz"][:200]},
    "a model without a contract": lambda _: {"model.keras": b"x"},
    "a contract without a model": lambda _: {"contract.json": b"{}"},
    "a model that is none": lambda _: {"model.keras": b"PK\x03\x04", "contract.json": b"{}"},
    "no history": lambda _: {"history.json": None},
    "no spec": lambda _: {"spec.json": None},
    "a script": lambda _: {"run.py": b"print()"},
    "a way out": lambda _: {"../outside.json": b"{}"},
    "a way out of explanations": lambda _: {"explanations/../../outside.json": b"{}"},
    "an absolute path": lambda _: {"/tmp/outside.json": b"{}"},
    "a path of Windows": lambda _: {"..\\outside.json": b"{}"},
    "a checkpoint": lambda _: {"checkpoints/variables.npz": b""},
    "a name in capitals": lambda _: {"RUN.JSON": b"{}"},
}


class TestRefused:
    def test_a_file_that_is_rebuilt_as_it_was_is_taken(self, plain, store, tmp_path):
        assert import_run(rebuilt(plain, tmp_path / "a.descent", {}), store).is_new

    @pytest.mark.parametrize("name", WRONG)
    def test_a_wrong_member(self, plain, store, tmp_path, name):
        changes = WRONG[name](members(plain))
        with pytest.raises(DescentError, match="is not brought in"):
            import_run(rebuilt(plain, tmp_path / "a.descent", changes), store)
        assert_untouched(store)
        assert not list(tmp_path.rglob("outside.json"))

    @pytest.mark.parametrize(
        "manifest",
        [
            {"format": "something"},
            {"schema_number": 99},
            {"schema_number": "1"},
            {"run": "../../x"},
            {"members": {}},
            {"members": []},
            {"versions": {"descent": 1}},
        ],
        ids=str,
    )
    def test_a_wrong_manifest(self, plain, store, tmp_path, manifest):
        with pytest.raises(DescentError, match="is not brought in"):
            import_run(rebuilt(plain, tmp_path / "a.descent", {}, **manifest), store)
        assert_untouched(store)

    def test_a_byte_that_changed(self, plain, store, tmp_path):
        content = members(plain)
        with zipfile.ZipFile(tmp_path / "a.descent", "w") as archive:
            for name, value in content.items():  # with checksums of the ZIP that fit
                other = value.replace(b"Tiny", b"Tidy") if name == "run.json" else value
                archive.writestr(name, other)
        with pytest.raises(DescentError, match=r"'run.json' in it was changed"):
            import_run(tmp_path / "a.descent", store)
        assert_untouched(store)

    @pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
    def test_a_file_cut_off(self, plain, store, tmp_path, share):
        content = plain.read_bytes()
        (tmp_path / "a.descent").write_bytes(content[: int(share * len(content))])
        with pytest.raises(DescentError, match="is not brought in"):
            import_run(tmp_path / "a.descent", store)
        assert_untouched(store)

    @staticmethod
    def odd(path: Path, to: Path, name: str, **info: object) -> Path:
        """The archive with one more member, of odd kind."""
        to.write_bytes(path.read_bytes())
        with zipfile.ZipFile(to, "a") as archive:
            member = zipfile.ZipInfo(name)
            for key, value in info.items():
                setattr(member, key, value)
            archive.writestr(member, b"/etc/passwd", member.compress_type)
        return to

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    @pytest.mark.parametrize(
        ("name", "info"),
        [
            ("plugins.json", {"external_attr": (stat.S_IFLNK | 0o777) << 16}),
            ("plugins.json", {"external_attr": (stat.S_IFIFO | 0o777) << 16}),
            ("plugins.json", {"compress_type": zipfile.ZIP_BZIP2}),
            ("plugins.json", {"compress_type": zipfile.ZIP_LZMA}),
            ("suspects-kept.json", {}),  # not in the manifest
            ("run.json", {}),  # twice
            ("explanations/", {}),
        ],
    )
    def test_an_odd_member(self, plain, store, tmp_path, name, info):
        with pytest.raises(DescentError, match="is not brought in"):
            import_run(self.odd(plain, tmp_path / "a.descent", name, **info), store)
        assert_untouched(store)

    def test_text_that_unpacks_to_too_much(self, plain, store, tmp_path):
        path = rebuilt(plain, tmp_path / "a.descent", {"plugins.json": b" " * (65 << 20)})
        assert path.stat().st_size < 1 << 20
        with pytest.raises(DescentError, match="longer than"):
            import_run(path, store)
        assert_untouched(store)

    def test_more_members_than_a_run_has(self, store, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.descent", "w") as archive:
            for number in range(10_001):
                archive.writestr(f"{number}", b"")
        with pytest.raises(DescentError, match="10,001 files"):
            import_run(tmp_path / "a.descent", store)
        assert_untouched(store)

    def test_a_picture_with_an_archive_behind_it(self, plain, store, tmp_path):
        (tmp_path / "a.descent").write_bytes(b"\x89PNG" + plain.read_bytes())
        with pytest.raises(DescentError, match="no file that Descent exported"):
            import_run(tmp_path / "a.descent", store)
        assert_untouched(store)

    def test_what_is_no_file(self, store, tmp_path):
        with pytest.raises(DescentError, match="is not brought in"):
            import_run(tmp_path / "missing.descent", store)
        with pytest.raises(DescentError, match="is not brought in"):
            import_run(tmp_path, store)
        assert_untouched(store)

    @pytest.mark.parametrize(
        ("pattern", "instead", "said"),
        [
            (rb'"class_name": "Dense"', b'"class_name": "Lambda"', "Lambda"),
            (rb'"units": 3\b', b'"units": 200000000', "weights, which the file cannot hold"),
        ],
    )
    def test_a_model_that_harms_though_the_contract_vouches_for_it(
        self, whole, store, tmp_path, pattern, instead, said
    ):
        content = members(whole[1])
        packed = io.BytesIO()
        own = io.BytesIO(content["model.keras"])
        with zipfile.ZipFile(own) as archive, zipfile.ZipFile(packed, "w") as target:
            for name in archive.namelist():
                value = archive.read(name)
                if name == "config.json":
                    value, n_changed = re.subn(pattern, instead, value)
                    assert n_changed
                target.writestr(name, value)
        path = rebuilt(
            whole[1],
            tmp_path / "a.descent",
            {"model.keras": packed.getvalue(), "contract.json": self.vouching(content, packed)},
        )
        with pytest.raises(DescentError, match=said):
            import_run(path, store)
        assert_untouched(store)

    @staticmethod
    def vouching(content: dict[str, bytes], model: io.BytesIO) -> bytes:
        from engine.files.bounded import sealed_text, unsealed

        run = json.loads(content["manifest.json"])["run"]
        digest = hashlib.blake2b(model.getvalue(), digest_size=32).hexdigest()
        values = unsealed(json.loads(content["contract.json"]), run) | {"model_digest": digest}
        return sealed_text(values, run).encode()

    def test_a_model_of_another_run(self, whole, store, tmp_path):
        content = members(whole[1])
        packed = io.BytesIO(content["model.keras"] + b"\0")
        path = rebuilt(whole[1], tmp_path / "a.descent", {"model.keras": packed.getvalue()})
        with pytest.raises(DescentError, match="is not brought in"):
            import_run(path, store)
        assert_untouched(store)


class TestWholeOrNot:
    @pytest.mark.parametrize("where", ["Unpacking", "Checking"])
    def test_a_stop(self, plain, store, where):
        def stopped(what: str, done: int, total: int) -> None:
            if what == where:
                raise Cancelled

        with pytest.raises(Cancelled):
            import_run(plain, store, stopped)
        assert_untouched(store)

    def test_a_disk_that_fails_at_the_last_step(self, plain, store, monkeypatch):
        def fail(folder: Path) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("engine.runs.store.flush_directory", fail)
        with pytest.raises(WorkspaceError, match="No space"):
            import_run(plain, store)
        monkeypatch.undo()
        assert_untouched(store)
        assert import_run(plain, store).is_new

    def test_the_command(self, plain, tmp_path, capsys):
        from engine.cli.main import main as command

        place = ["--workspace", str(tmp_path / "w"), "--json"]
        for is_new in (True, False):
            assert command(["runs", "import", str(plain), *place]) == 0
            assert json.loads(capsys.readouterr().out)["is_new"] is is_new
        (tmp_path / "bad.descent").write_bytes(b"PK")
        assert command(["runs", "import", str(tmp_path / "bad.descent"), *place]) == 2
        assert "is not brought in" in capsys.readouterr().err
