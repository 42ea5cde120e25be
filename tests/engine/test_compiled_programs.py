"""What XLA compiled is kept: what the folder may be, what is used of it, what is found again."""

import json
import os
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

from engine.devices import compiled_programs
from engine.devices.compiled_programs import CompiledPrograms, keep_compiled_programs
from engine.files import CACHE_VARIABLE
from engine.training.steps import verdicts as kept_verdicts
from engine.training.steps.verdicts import Verdict

ROOT = Path(__file__).parents[2]
FLAGS = "TF_XLA_FLAGS"


@pytest.fixture
def kept(monkeypatch):
    """What `keep_compiled_programs` finds, for environment variables that are given."""
    monkeypatch.setattr(compiled_programs, "_kept", CompiledPrograms())

    def keep(**environment):
        variables = dict(environment)
        keep_compiled_programs(variables)
        return compiled_programs.compiled_programs(), variables

    return keep


@pytest.fixture
def programs(kept):
    """A folder with two programs, both written down."""
    found, _ = kept()
    for name in ("a", "b"):
        (found.folder / f"{name}.pb").write_bytes(name.encode() * 1000)
    assert found.note(frozenset()) == ("a.pb", "b.pb")
    return found


def names(found):
    return sorted(path.name for path in found.folder.glob("*.pb"))


class TestTheFolder:
    def test_it_is_the_users_alone(self, kept, private_cache):
        found, variables = kept()
        assert found.folder.parent == private_cache / "xla-programs"
        assert found.folder.stat().st_mode & 0o777 == 0o700
        assert str(found.folder) in variables[FLAGS]
        assert not compiled_programs.not_kept()

    def test_one_that_others_may_write_into_is_closed_to_them(self, kept):
        folder = kept()[0].folder
        folder.chmod(0o777)
        assert kept()[0].folder == folder
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_a_link_is_not_followed(self, kept, private_cache, tmp_path):
        (private_cache / "xla-programs").symlink_to(tmp_path, target_is_directory=True)
        found, variables = kept()
        assert found.folder is None
        assert FLAGS not in variables
        assert "is a link to elsewhere" in compiled_programs.not_kept()

    def test_a_file_in_its_place_is_told(self, kept, private_cache):
        (private_cache / "xla-programs").write_text("")
        assert kept()[0].folder is None
        assert "cannot be used" in compiled_programs.not_kept()

    def test_somebody_elses_is_left_alone(self, kept, monkeypatch):
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        assert kept()[0].folder is None
        assert "belongs to somebody else" in compiled_programs.not_kept()

    def test_a_full_disk_is_told(self, kept, monkeypatch):
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1 << 40, 1 << 40, 5 << 20))
        assert kept()[0].folder is None
        assert "Only 5 MB are free" in compiled_programs.not_kept()

    def test_flags_of_somebody_stay(self, kept):
        _, variables = kept(**{FLAGS: "--tf_xla_max_cluster_size=7"})
        assert variables[FLAGS].startswith("--tf_xla_max_cluster_size=7 --tf_xla_persistent_cache")
        again, same = kept(**variables)  # a process that one of ours began
        assert again.folder is not None
        assert same == variables
        other, _ = kept(**{FLAGS: "--tf_xla_persistent_cache_directory=/elsewhere"})
        assert other.folder is None

    def test_another_version_or_processor_has_another(self, kept, monkeypatch):
        first = kept()[0].folder
        monkeypatch.setattr(compiled_programs, "versions", lambda: {"TensorFlow": "0.1"})
        second = kept()[0]
        assert second.folder != first
        (first.parent / "of somebody").mkdir()
        second.check()
        assert not first.exists()
        assert (first.parent / "of somebody").exists()
        monkeypatch.setattr(compiled_programs, "_processor", lambda: ["avx9"])
        assert kept()[0].folder != second.folder


class TestWhatIsUsed:
    def test_what_is_as_it_was_written(self, programs):
        assert programs.check() == {"a.pb", "b.pb"}
        assert programs.note(programs.check()) == ()

    @pytest.mark.parametrize(
        "harm",
        [
            lambda folder: (folder / "a.pb").write_bytes(b"a" * 500),
            lambda folder: (folder / "a.pb").write_bytes(b""),
            lambda folder: (folder / "a.pb").write_bytes(b"a" * 999 + b"x"),
            lambda folder: (folder / "b.pb").replace(folder / "a.pb"),
            lambda folder: (folder / "a.pb.sha256.json").unlink(),
            lambda folder: (folder / "a.pb.sha256.json").write_text("{"),
            lambda folder: (folder / "a.pb.sha256.json").write_text("[" * 100_000),
            lambda folder: (folder / "a.pb.sha256.json").write_text('{"sha256": 5}'),
        ],
        ids=["cut", "empty", "flipped", "swapped", "unknown", "no JSON", "deep", "wrong type"],
    )
    def test_whatever_is_not_goes(self, programs, harm):
        harm(programs.folder)
        assert "a.pb" not in programs.check()
        assert "a.pb" not in names(programs)

    def test_a_link_to_a_program_elsewhere_goes_and_that_stays(self, programs, tmp_path):
        elsewhere = tmp_path / "a.pb"
        (programs.folder / "a.pb").replace(elsewhere)
        (programs.folder / "a.pb").symlink_to(elsewhere)
        assert programs.check() == {"b.pb"}
        assert elsewhere.exists()

    def test_the_oldest_go_first(self, programs, monkeypatch):
        os.utime(programs.folder / "a.pb", (time.time() - 100,) * 2)
        monkeypatch.setattr(compiled_programs, "LIMIT_BYTES", 1500)
        assert programs.check() == {"b.pb"}
        assert names(programs) == ["b.pb"]

    def test_what_is_used_again_goes_last(self, programs, monkeypatch):
        for name, age_s in (("a.pb", 200), ("b.pb", 100)):
            os.utime(programs.folder / name, (time.time() - age_s,) * 2)
        programs.note_use(["a.pb", "gone.pb"])
        monkeypatch.setattr(compiled_programs, "LIMIT_BYTES", 1500)
        assert programs.check() == {"a.pb"}

    def test_what_a_dead_process_left_unfinished_goes(self, programs):
        old, new = programs.folder / "c.pb1.tmp", programs.folder / "d.pb2.tmp"
        for path in (old, new):
            path.write_bytes(b"x")
        os.utime(old, (1, 1))
        programs.check()
        assert (old.exists(), new.exists()) == (False, True)

    def test_nothing_is_kept_without_a_folder(self):
        nothing = CompiledPrograms()
        assert nothing.check() == frozenset()
        assert nothing.note(frozenset()) == ()
        nothing.forget()

    def test_a_folder_that_went_meanwhile_fails_nothing(self, programs):
        import shutil

        shutil.rmtree(programs.folder)
        assert programs.check() == frozenset()
        assert programs.note(frozenset()) == ()


_RUN = """
import sys, logging
sys.path[:0] = [sys.argv[1]]
from engine.devices.tensorflow import load_tensorflow
load_tensorflow()
import json, keras, numpy as np, tensorflow as tf
from engine.training.plan import Plan
from engine.training.steps.autotuner import Autotuner
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps import measurements
measurements.Measurements.affords_trying = lambda *given: True
measurements.Measurements.may_prepare = lambda *given: True

for _ in range(int(sys.argv[2])):  # other functions before: names must not depend on them
    tf.function(lambda x: x + 1)(tf.constant(1))
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, name="a"),
                          keras.layers.Dense(1, name="b")], name="m")
model.compile("adam", "mse", jit_compile=False)
draw = np.random.default_rng(0)
x, y = draw.random((320, 4), np.float32), draw.random((320, 1), np.float32)
data = DeviceData.place(x, y)
loop, choices = StepLoop(model, data), []
plan = Plan(tries_xla=True)
tuner = Autotuner(loop, plan, choices.append)
order = np.arange(320, dtype=np.int32).reshape(10, 32)
import time
was_early = None
for step in range(3000):
    tuner.before(data, order, 32)
    if was_early is None:
        was_early = tuner._trial is not None
    started = time.perf_counter()
    loop.train(data, order)
    tuner.after(data, order, 32, time.perf_counter() - started, 10**9)
    if choices:
        break
    if tuner._trial is not None:
        tuner._trial._thread.join()
print(json.dumps([choices[0].way is not None, choices[0].reason, was_early]))
"""


def _trained(cache, n_before=0):
    environment = {**os.environ, CACHE_VARIABLE: str(cache)}
    environment.pop(FLAGS, None)
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(ROOT), str(n_before)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert not done.returncode, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def _files(cache):
    return {path.name: path.stat().st_ino for path in cache.rglob("*.pb")}


def test_a_second_process_finds_the_program_and_the_verdict(tmp_path):
    _, reason, was_early = _trained(tmp_path)
    assert not was_early  # plain steps are measured first
    first = _files(tmp_path)
    assert len(first) == 1, reason
    (path,) = tmp_path.rglob("verdict-*.json")
    verdict = json.loads(path.read_text())
    path.write_text(json.dumps({**verdict, "is_faster": True, "plain_step_s": 10.0}))
    xla, reason, was_early = _trained(tmp_path, n_before=7)
    assert (xla, was_early) == (True, True), reason
    assert _files(tmp_path) == first  # it was found, and not compiled again
    path.write_text(json.dumps({**verdict, "is_faster": False, "plain_step_s": 1e-9}))
    xla, reason, was_early = _trained(tmp_path)
    assert not xla
    assert "in an earlier run of such a model" in reason
    # A machine that was busy then says little: it is measured anew.
    path.write_text(json.dumps({**verdict, "is_faster": False, "plain_step_s": 10.0}))
    _, reason, _ = _trained(tmp_path)
    assert "in an earlier run of such a model" not in reason
    assert json.loads(path.read_text())["plain_step_s"] < 10.0
    # What cannot be read by TensorFlow, though it is what was written, is compiled again.
    (program,) = tmp_path.rglob("*.pb")
    program.write_bytes(b"nonsense")
    CompiledPrograms(program.parent).note(frozenset())
    path.write_text(json.dumps({**verdict, "is_faster": True, "plain_step_s": 10.0}))
    xla, reason, _ = _trained(tmp_path)
    assert xla, reason
    assert [len(path.read_bytes()) > 1000 for path in tmp_path.rglob("*.pb")] == [True]


class TestOnABusyMachine:
    """A way looks no faster there than it is elsewhere."""

    @pytest.fixture
    def verdicts(self, tmp_path, monkeypatch):
        monkeypatch.setattr(kept_verdicts, "compiled_programs", lambda: CompiledPrograms(tmp_path))
        monkeypatch.setattr(kept_verdicts, "_digest", lambda *given: "model")
        return lambda: kept_verdicts.Verdicts(None, None, 8)

    @pytest.mark.parametrize(("step_s", "is_kept"), [(1.3, True), (1.1, False)])
    def test_it_does_not_overrule_what_was_found_before(self, verdicts, step_s, is_kept):
        verdicts().remember(Verdict(True, 1.0, 0.7, 0, ()))
        later = verdicts()
        assert later.recall().is_faster
        later.remember(Verdict(False, step_s, step_s, 0, ()))
        assert verdicts().recall().is_faster == is_kept

    def test_what_was_said_of_it_holds_where_the_machine_is_as_busy(self):
        found = Verdict(False, 1.0, 0.95, 0, ())
        assert not found.was_busier(0.9)
        assert not found.was_busier(1.5)
        assert found.was_busier(0.8)
