"""A run whose workspace or folder vanishes while it is trained: it waits and asks."""

import json
import shutil
import threading

import pytest

from engine.cli import main as cli
from engine.cli.commands.output import Output
from engine.cli.commands.place_question import PlaceQuestion
from engine.errors import WorkspaceError, WorkspaceGone
from engine.events.commands import Control, MoveRun
from engine.events.run_events import (
    EpochEnded,
    PlaceFound,
    PlaceLost,
    RunFailed,
    RunFinished,
    RunState,
    SettingChanged,
    StateChanged,
)
from engine.runs.store import RunStore
from engine.service import running
from engine.service.run_keeper import RunKeeper
from engine.spec.run_spec import RunSpec
from engine.training.checkpoint import find_checkpoint
from engine.training.control import TrainingControl
from engine.training.run_place import RunPlace

VALUES = {
    "data": {"source": "iris"},
    "model": {"name": "mlp"},
    "training": {"epochs": 6, "batch_size": 16},
    "execution": {"reproducible": True},
}
SPEC = RunSpec.from_dict(VALUES)


def epoch(run, number):
    return EpochEnded(run, number, 5 * number, {"loss": 1 / number}, 2.0, 2.0 * number, 90.0, True)


class Answers:
    """Hears what is told, and answers each loss with the next request."""

    def __init__(self, *requests):
        self.control = TrainingControl(can_ask=True)
        self.events = []
        self._requests = list(requests)

    def __call__(self, event):
        self.events.append(event)
        if isinstance(event, PlaceLost):
            request = self._requests.pop(0)
            if callable(request):
                request = request()
            self.control.request(request)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "workspace"


@pytest.fixture
def kept(workspace):
    """A run of two epochs that is being trained; made a keeper by the test."""
    with RunStore(workspace) as store:
        record = store.create(SPEC, "the run", "Iris", "MLP")

        def keep(answers):
            keeper = RunKeeper(
                record,
                SPEC,
                store,
                answers,
                answers.control,
                lambda folder: (folder / "data.json").write_text("{}"),
            )
            change = SettingChanged(record.id, 2, 7, "training.learning_rate", 0.1, 0.05, "Asked.")
            keeper.record([StateChanged(record.id, RunState.RUNNING)])
            keeper.record([epoch(record.id, 1), change, epoch(record.id, 2)])
            return keeper

        yield record, keep


def told(store, run):
    return store.epochs(run), store.changes(run), store.get(run).name, store.get(run).state


VANISH = {
    "workspace": lambda place: shutil.rmtree(place),
    "run folder": lambda place: shutil.rmtree(next((place / "runs").iterdir())),
    "database": lambda place: (place / "runs.sqlite").unlink(),
    "moved": lambda place: place.rename(place.with_name("elsewhere")),
}


@pytest.mark.parametrize("how", VANISH)
def test_it_goes_on_in_another_folder_with_every_epoch(workspace, kept, tmp_path, how):
    record, keep = kept
    answers = Answers(MoveRun(str(tmp_path / "other")))
    keeper = keep(answers)
    VANISH[how](workspace)
    keeper.record([epoch(record.id, 3)])
    assert "no longer there" in answers.of(PlaceLost)[0].message
    (found,) = answers.of(PlaceFound)
    assert (found.workspace, found.is_back) == (str(tmp_path / "other"), False)
    folder = keeper.place.folder
    assert folder == tmp_path / "other" / "runs" / record.id
    assert {path.name for path in folder.iterdir()} >= {"spec.json", "run.json", "data.json"}
    keeper.record([RunFinished(record.id, reason="Done.")])
    keeper.close()
    with RunStore(tmp_path / "other") as store:
        epochs, changes, name, state = told(store, record.id)
        assert [event.epoch for event in epochs] == [1, 2, 3]
        assert [change.after for change in changes] == [0.05]
        assert (name, state) == ("the run", RunState.FINISHED)
        assert store.get(record.id).metrics == {"loss": 1 / 3}


def test_it_goes_on_where_it_was_once_that_is_back(workspace, kept):
    record, keep = kept
    away = workspace.with_name("away")

    def come_back():
        away.rename(workspace)
        return MoveRun()

    answers = Answers(MoveRun(), come_back)
    keeper = keep(answers)
    workspace.rename(away)
    keeper.record([epoch(record.id, 3)])
    first, second = answers.of(PlaceLost)
    assert "is not there yet" in second.message
    assert first.message != second.message
    assert not away.exists()
    assert answers.of(PlaceFound) == [PlaceFound(record.id, str(workspace), is_back=True)]
    keeper.close()
    with RunStore(workspace) as store:
        epochs, changes, *_ = told(store, record.id)
        assert [event.epoch for event in epochs] == [1, 2, 3]
        assert len(changes) == 1, "none twice"


def test_waiting_makes_nothing_where_it_was(workspace, kept):
    """A disk that was taken away leaves its empty folder: the run does not begin again in there."""
    record, keep = kept
    answers = Answers(MoveRun(), Control.STOP)
    keeper = keep(answers)
    shutil.rmtree(workspace)
    workspace.mkdir()
    with pytest.raises(WorkspaceGone):
        keeper.record([epoch(record.id, 3)])
    assert list(workspace.iterdir()) == []


def test_an_answer_of_no_use_is_told_and_asked_again(workspace, kept, tmp_path):
    record, keep = kept
    (tmp_path / "file").write_text("no folder")
    answers = Answers(MoveRun(str(tmp_path / "file" / "x")), MoveRun(str(tmp_path / "good")))
    keeper = keep(answers)
    shutil.rmtree(workspace)
    keeper.record([epoch(record.id, 3)])
    assert "Cannot write" in answers.of(PlaceLost)[1].message
    assert (tmp_path / "file").read_text() == "no folder"
    keeper.close()


def test_nobody_is_asked_where_nobody_answers(workspace, kept):
    record, keep = kept
    answers = Answers()
    answers.control = TrainingControl()
    keeper = keep(answers)
    shutil.rmtree(workspace)
    with pytest.raises(WorkspaceGone, match="no longer there"):
        keeper.record([epoch(record.id, 3)])
    assert answers.events == []


def test_a_full_disk_is_no_lost_place(tmp_path):
    place = RunPlace(tmp_path, lambda loss: pytest.fail("nothing is lost"))

    def fail(folder):
        raise WorkspaceError("The disk is full.")

    with pytest.raises(WorkspaceError, match="full"):
        place.write(fail)


def test_what_is_being_removed_is_tried_again(tmp_path):
    """The files of a folder go before the folder does."""
    lost, other = tmp_path / "lost", tmp_path / "other"
    lost.mkdir()
    other.mkdir()
    place = RunPlace(lost, lambda loss: other)

    def write(folder):
        if folder == other:
            return "written"
        if n_tried:
            lost.rmdir()
        n_tried.append(1)
        (folder / "checkpoints" / "file").write_text("")
        return "not here"

    n_tried = []
    assert place.write(write) == "written"
    assert len(n_tried) == 2


def test_two_writers_ask_once(tmp_path):
    lost, other = tmp_path / "lost", tmp_path / "other"
    other.mkdir()
    asked, both = [], threading.Barrier(2)

    def ask(loss):
        asked.append(loss)
        return other

    place = RunPlace(lost, ask)

    def write(folder):
        if folder == lost:
            both.wait(60)
            raise WorkspaceError("It is not there.")
        return folder

    found = []
    threads = [threading.Thread(target=lambda: found.append(place.write(write))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [other, other]
    assert len(asked) == 1


# ---- while a model is trained


def _train(workspace, answers, vanish):
    """Trains; the workspace vanishes after the third epoch."""

    def emit(event):
        if isinstance(event, EpochEnded) and event.epoch == 3:
            vanish(workspace)
        answers(event)

    with RunStore(workspace) as store:
        return running.train(VALUES, store, emit, answers.control)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the same training ends with in peace."""
    place = tmp_path_factory.mktemp("undisturbed")
    with RunStore(place) as store:
        ended = running.train(VALUES, store, lambda event: None, TrainingControl())
        return [event.metrics for event in store.epochs(ended.run)], ended.metrics


def test_training_ends_elsewhere_as_if_nothing_had_happened(workspace, tmp_path, undisturbed):
    answers = Answers(MoveRun(str(tmp_path / "other")))
    ended = _train(workspace, answers, VANISH["moved"])
    assert isinstance(ended, RunFinished), ended
    assert not workspace.exists(), "nothing is made where it was"
    with RunStore(tmp_path / "other") as store:
        found = [event.metrics for event in store.epochs(ended.run)]
        assert (found, store.get(ended.run).metrics) == undisturbed
        folder = store.folder(ended.run)
        assert find_checkpoint(folder / "checkpoints").damaged == ()
        assert len(find_checkpoint(folder / "checkpoints").checkpoint.progress.history) == 6
        assert (folder / "model.keras").exists()
        resumed = running.resume(
            ended.run, {"training.epochs": 7}, store, lambda event: None, TrainingControl()
        )
        assert isinstance(resumed, RunFinished), resumed
        assert len(store.epochs(ended.run)) == 7


def test_stop_ends_it_with_the_reason(workspace):
    ended = _train(workspace, Answers(Control.STOP), VANISH["moved"])
    assert isinstance(ended, RunFailed)
    assert "no longer there" in ended.reason
    assert not workspace.exists()


# ---- the question on the command line


class Terminal:
    """Standard input and error of a person, with one line typed."""

    def __init__(self, monkeypatch, line, tmp_path):
        path = tmp_path / "typed"
        path.write_bytes(line)
        self.file = path.open("rb")
        monkeypatch.setattr("sys.stdin", self)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    def isatty(self):
        return True

    def fileno(self):
        return self.file.fileno()


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (b"/some/where\n", MoveRun("/some/where")),
        (b"\n", MoveRun()),
        (b"stop\n", Control.STOP),
        (b"", Control.STOP),
    ],
)
def test_the_answer_is_a_line(monkeypatch, tmp_path, capsys, typed, wanted):
    terminal = Terminal(monkeypatch, typed, tmp_path)
    question = PlaceQuestion(Output(as_json=False))
    assert question.can_be_asked
    asked, answered = [], threading.Event()
    question.ask(
        PlaceLost("run", "It is gone.", "Bring it back."),
        lambda request: (asked.append(request), answered.set()),
    )
    assert answered.wait(60)
    terminal.file.close()
    assert [str(item) for item in asked] == [str(wanted)]
    said = capsys.readouterr().err
    assert "It is gone." in said
    assert "The training is paused." in said


def test_a_program_is_not_asked(monkeypatch, tmp_path):
    Terminal(monkeypatch, b"", tmp_path).file.close()
    assert not PlaceQuestion(Output(as_json=True)).can_be_asked


def test_without_a_terminal_the_run_ends_at_once_in_words(workspace, capsys, monkeypatch):
    real = RunKeeper.record

    def record(keeper, events):
        if any(isinstance(event, EpochEnded) and event.epoch == 2 for event in events):
            VANISH["moved"](workspace)
        real(keeper, events)

    monkeypatch.setattr(RunKeeper, "record", record)
    words = ["train", "--data", "iris", "--model", "mlp", "--epochs", "40", "--json"]
    assert cli.main([*words, "--workspace", str(workspace)]) == 1
    out, err = capsys.readouterr()
    last = json.loads(out.splitlines()[-1])
    assert last["event"] == "run_failed"
    assert "no longer there" in last["reason"]
    assert "Traceback" not in err
    assert not workspace.exists()
