"""Workers find each other, agree, talk, and notice when one is gone; without TensorFlow."""

import contextlib
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.cli import main as cli
from engine.errors import SpecError, TrainingError
from engine.events.commands import ChangeEpochs, ChangeRate, Control
from engine.events.run_events import RunFailed, RunState, RunStopped
from engine.runs.store import RunStore
from engine.training.cluster.callers import MAX_CALLERS, Callers
from engine.training.cluster.link import (
    MAX_FIRST_BYTES,
    Link,
    Lost,
    read_message,
    send_message,
)
from engine.training.cluster.rendezvous import meet
from engine.training.cluster.team import Team, TeamChunkLength, TeamControl, leaving
from engine.training.cluster.workers import Workers, endpoint, parse_workers
from engine.training.control import TrainingControl
from engine.training.plan import ChunkLength

TWO = "127.0.0.1:5001,127.0.0.1:5002"


def free_addresses(n):
    """Addresses of this machine that nobody uses."""
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)
    for each in sockets:
        each.close()
    return found


class TestAddresses:
    def test_alone(self):
        assert parse_workers(None, None) is None

    def test_read(self):
        workers = parse_workers(" a:1 , b:2", "1")
        assert workers == Workers(("a:1", "b:2"), 1)
        assert not workers.is_chief
        assert workers.title(0) == "worker 0 (a:1)"

    def test_workers_of_a_host_take_its_gpus_in_order(self):
        addresses = ("a:1", "b:1", "a:2", "b:2")
        assert [Workers(addresses, i).local_rank for i in range(4)] == [0, 0, 1, 1]

    def test_a_version_6_number(self):
        assert endpoint("[::1]:5000") == ("::1", 5000)

    @pytest.mark.parametrize(
        ("workers", "index", "field", "said"),
        [
            ("a:1", "0", "--workers", "At least two addresses are needed. Received: 'a:1'"),
            ("a:1,b", "0", "--workers", "'b' is no address"),
            ("a:1,b:x", "0", "--workers", "'b:x' is no address"),
            ("a:1,b:0", "0", "--workers", "'b:0' is no address"),
            ("a:1,b:70000", "0", "--workers", "'b:70000' is no address"),
            ("a:1,:2", "0", "--workers", "':2' is no address"),
            ("a:1,", "0", "--workers", "'' is no address"),
            ("a:1,http://b:2", "0", "--workers", "'http://b:2' is no address"),
            ("a:1,b:2,a:1", "0", "--workers", "'a:1' is listed twice"),
            ("a:1,A:1", "0", "--workers", "'A:1' is listed twice"),
            ("a:1,b:2", "2", "--index", "from 0 to 1"),
            ("a:1,b:2", "-1", "--index", "Received: '-1'"),
            ("a:1,b:2", "one", "--index", "Received: 'one'"),
            ("a:1,b:2", None, "--index", "Missing beside --workers"),
            (None, "0", "--workers", "Missing beside --index 0"),
        ],
    )
    def test_bad_ones_are_refused(self, workers, index, field, said):
        with pytest.raises(SpecError) as caught:
            parse_workers(workers, index)
        assert [problem.field for problem in caught.value.problems] == [field]
        assert said in caught.value.message
        assert caught.value.problems[0].hint

    def test_all_problems_at_once(self):
        with pytest.raises(SpecError) as caught:
            parse_workers("a,b", "7")
        assert len(caught.value.problems) == 3

    @pytest.mark.parametrize("command", [["train", "--data", "iris"], ["resume", "some-run"]])
    @pytest.mark.parametrize("index", ["0", "1"])
    def test_nothing_starts_unless_the_network_is_trusted(self, command, index, tmp_path, capsys):
        given = [*command, "--workspace", str(tmp_path), "--workers", TWO, "--index", index]
        assert cli.main(given) == cli.EXIT_USAGE
        said = capsys.readouterr()
        assert said.out == ""
        assert "--trust-network: Missing beside --workers." in said.err
        assert f"TensorFlow opens port 500{int(index) + 1} of this machine on every" in said.err
        assert "whoever reaches it can read and write any file as you" in said.err
        with RunStore(tmp_path) as store:
            assert store.runs() == []

    @pytest.mark.parametrize("command", [["train", "--data", "iris"], ["resume", "some-run"]])
    def test_the_command_line_refuses_before_anything_starts(self, command, tmp_path, capsys):
        given = [*command, "--workspace", str(tmp_path), "--workers", TWO, "--index", "2"]
        assert cli.main(given) == cli.EXIT_USAGE
        assert "--index: Must be a whole number from 0 to 1" in capsys.readouterr().err


def meeting(addresses, specs, wait_s=20.0, indices=None):
    """Lets workers meet; the outcome of each, an exception or the chief's spec."""

    def one(index, spec):
        try:
            connections, found = meet(Workers(addresses, index), spec, notified.append, wait_s)
        except SpecError as error:
            return error
        for connection in connections.values():
            connection.close()
        return found

    notified = []
    indices = range(len(specs)) if indices is None else indices
    with ThreadPoolExecutor(len(specs)) as pool:
        return list(pool.map(one, indices, specs)), notified


class TestMeeting:
    def test_all_take_the_chiefs_spec(self):
        spec = {"seed": 1, "data": {"source": "a.csv"}}
        elsewhere = {"seed": 1, "data": {"source": "/mnt/a.csv"}}
        found, notified = meeting(free_addresses(3), [spec, elsewhere, None])
        assert found == [spec, spec, spec]
        assert notified[0].startswith("Waiting for worker")
        assert [text for text in notified if "are there" in text] == notified[-3:]

    def test_another_spec_is_refused_by_name(self):
        specs = [{"training": {"epochs": 3}}, {"training": {"epochs": 4}}]
        found, _ = meeting(free_addresses(2), specs)
        for error in found:
            assert isinstance(error, SpecError)
            assert "training.epochs (3 at worker 0, 4 here)" in error.message

    def test_who_does_not_come_is_named(self):
        addresses = free_addresses(2)
        found, _ = meeting(addresses, [{}], wait_s=0.3)
        assert f"Worker 1 ({addresses[1]}) did not come" in found[0].message

    def test_a_chief_that_cannot_be_reached(self):
        addresses = free_addresses(2)
        found, notified = meeting(addresses, [{}], wait_s=0.3, indices=[1])
        assert f"Worker 0 ({addresses[0]}) could not be reached" in found[0].message
        assert notified == [f"Waiting for worker 0 ({addresses[0]})."]

    def test_an_index_given_twice(self):
        addresses = free_addresses(3)
        found, _ = meeting(addresses, [{}, {}, {}], indices=[0, 1, 0], wait_s=2.0)
        assert any(isinstance(each, SpecError) for each in found)
        assert any("in use" in getattr(each, "message", "") for each in found)

    def test_other_lists_are_refused(self):
        addresses = free_addresses(3)

        def come(index, listed):
            with pytest.raises(SpecError, match="different lists"):
                meet(Workers(listed, index), {}, lambda text: None, 20.0)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(come, [0, 1], [addresses, addresses[:2]]))

    def test_a_port_in_use(self):
        addresses = free_addresses(2)
        host, port = endpoint(addresses[0])
        with socket.socket() as other:
            other.bind((host, port))
            other.listen()
            found, _ = meeting(addresses, [{}], wait_s=0.3)
        assert "is in use by another program" in found[0].message

    def test_an_address_of_another_machine(self):
        addresses = ("192.0.2.1:5000", "192.0.2.2:5000")  # set aside for documentation
        found, _ = meeting(addresses, [{}], wait_s=0.3)
        assert found[0].problems[0].field == "--index"
        assert "is none of this machine" in found[0].message

    def test_an_unknown_host(self):
        found, _ = meeting(("127.0.0.1:5000", "no such host:5000"), [{}], wait_s=0.3)
        assert "is not known" in found[0].message

    def test_strangers_are_not_let_in(self):
        addresses = free_addresses(2)
        host, port = endpoint(addresses[0])
        with ThreadPoolExecutor(2) as pool:
            chief = pool.submit(meeting, addresses, [{}], 20.0)
            for words in (b"GET / HTTP/1.1\r\n\r\n", struct.pack("!I", 2) + b"[]"):
                # Shown the door, perhaps before all was said.
                with connected(host, port) as stranger, contextlib.suppress(OSError):
                    stranger.sendall(words)
                    stranger.shutdown(socket.SHUT_WR)
                    assert stranger.recv(1) == b""
            other = pool.submit(meeting, addresses, [{}], 20.0, [1])
            assert (chief.result()[0], other.result()[0]) == ([{}], [{}])


class TestStrangers:
    """The port is open to everybody until all workers are there."""

    @pytest.fixture
    def door(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            callers = Callers(listener, hello_s=120.0)
            yield callers, listener.getsockname()
            callers.close()

    def hear(self, callers):
        """The next message that arrives."""
        while (arrived := callers.next(1.0)) is None:
            pass
        connection, message = arrived
        connection.close()
        return message

    def test_silent_and_slow_ones_hold_up_nobody(self, door):
        callers, address = door
        with contextlib.ExitStack() as stack:
            for said in (b"", b"\0", b"\0\0\0\x20{"):
                stranger = stack.enter_context(connected(*address))
                stranger.sendall(said)
            known = stack.enter_context(connected(*address))
            send_message(known, {"index": 1})
            assert self.hear(callers) == {"index": 1}
            stranger.sendall(b"}" + b" " * 30)  # slow, and well
            assert self.hear(callers) == {}

    def test_of_too_many_the_newest_are_heard(self, door):
        callers, address = door
        with contextlib.ExitStack() as stack:
            crowd = []
            for _ in range(MAX_CALLERS + 3):
                crowd.append(stack.enter_context(connected(*address)))
                callers.next(1.0)
            send_message(crowd[-1], {"index": 1})
            assert self.hear(callers) == {"index": 1}
            assert [caller.recv(1) for caller in crowd[:3]] == [b""] * 3
            assert len(callers._waiting) < MAX_CALLERS

    @pytest.mark.parametrize(
        "said",
        [
            b"GET / HTTP/1.1\r\n\r\n",
            struct.pack("!I", MAX_FIRST_BYTES + 1),
            struct.pack("!I", 4) + b"[{}]",
            struct.pack("!I", 4) + b"\xff{}\xff",
            struct.pack("!I", 2) + b"{}{}",
            struct.pack("!I", 100_006) + b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
            struct.pack("!I", 106) + b'{"a":' + b"[" * 50 + b"]" * 50 + b"}",
        ],
        ids=["another protocol", "endless", "no object", "no text", "more", "bottomless", "deep"],
    )
    def test_what_is_no_message_is_shown_the_door(self, door, said):
        callers, address = door
        with connected(*address) as stranger, connected(*address) as known:
            stranger.sendall(said)
            send_message(known, {"index": 1})
            assert self.hear(callers) == {"index": 1}
            while callers._waiting:
                assert callers.next(1.0) is None
            with contextlib.suppress(ConnectionError):
                assert stranger.recv(1) == b""

    def test_who_takes_too_long_goes(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            callers = Callers(listener, hello_s=0.0)
            with connected(*listener.getsockname()) as stranger:
                stranger.sendall(b"\0")
                assert callers.next(1.0) is None  # arrives
                while callers._waiting:
                    assert callers.next(0.01) is None
                with contextlib.suppress(ConnectionError):
                    assert stranger.recv(1) == b""
            callers.close()

    @pytest.mark.parametrize(
        "hello",
        [
            {"index": True, "spec": None, "workers": [], "packages": {}},
            {"index": 1, "spec": [], "workers": [], "packages": {}},
            {"index": 1, "spec": None, "workers": {}, "packages": {}},
            {"index": 1, "spec": None, "workers": [], "packages": None},
            {},
        ],
    )
    def test_what_is_no_hello_is_not_looked_at(self, hello):
        addresses = free_addresses(2)
        with ThreadPoolExecutor(2) as pool:
            chief = pool.submit(meeting, addresses, [{}], 120.0)
            with connected(*endpoint(addresses[0])) as stranger:
                send_message(stranger, hello)
                assert stranger.recv(1) == b""
            other = pool.submit(meeting, addresses, [{}], 120.0, [1])
            assert (chief.result()[0], other.result()[0]) == ([{}], [{}])

    def test_a_flood_of_words_is_told_in_few(self):
        addresses = free_addresses(2)
        with ThreadPoolExecutor(1) as pool:
            chief = pool.submit(meeting, addresses, [{}], 120.0)
            with connected(*endpoint(addresses[0])) as stranger:
                packages = {f"p{number}": "x" * 100 for number in range(5_000)}
                hello = {"index": 1, "spec": None, "workers": [], "packages": packages}
                send_message(stranger, hello)
                assert "refused" in read_message(stranger)
            assert len(chief.result()[0][0].message) < 1_000


def connected(host, port):
    """A connection, as soon as somebody listens."""
    while True:
        connection = socket.socket()
        try:
            connection.connect((host, port))
        except ConnectionRefusedError:
            connection.close()
        else:
            return connection


class TestLink:
    def test_messages_arrive_in_order(self):
        ours, theirs = map(Link, socket.socketpair())
        for number in range(3):
            ours.send({"number": number})
        assert [theirs.receive()["number"] for _ in range(3)] == [0, 1, 2]
        assert theirs.receive(timeout_s=0.01) is None
        ours.close()
        theirs.close()

    def test_who_leaves_when_all_is_done_is_not_lost(self):
        lost = threading.Event()
        ours, theirs = socket.socketpair()
        link, other = Link(ours, lost.set), Link(theirs)
        other.close()
        with pytest.raises(Lost):
            link.receive()
        assert not link.lost
        assert not lost.is_set()
        link.close()

    def test_who_fails_says_why(self):
        ours, theirs = map(Link, socket.socketpair())
        theirs.close("The disk is full.")
        with pytest.raises(Lost, match=r"has failed: The disk is full\."):
            ours.receive()
        ours.close()

    def test_a_process_that_is_gone(self):
        lost = threading.Event()
        ours, theirs = socket.socketpair()
        link = Link(ours, lost.set)
        theirs.close()
        assert lost.wait(120)
        assert link.lost == "has ended"
        with pytest.raises(Lost, match="has ended"):
            link.send({})
        link.close()

    def test_a_machine_that_hangs(self):
        lost = threading.Event()
        ours, theirs = socket.socketpair()
        link = Link(ours, lost.set, silence_s=0.05)
        assert lost.wait(120)
        assert "no sign" in link.lost
        link.close()
        theirs.close()

    def test_signs_of_life_are_enough(self):
        ours, theirs = socket.socketpair()
        link, other = Link(ours, silence_s=120.0), Link(theirs, beat_s=0.01)
        assert link.receive(timeout_s=0.1) is None
        assert not link.lost
        other.close()
        link.close()

    @pytest.mark.parametrize(
        "garbage",
        [
            b"\xff\xff\xff\xff",
            struct.pack("!I", 3) + b"[1]",
            struct.pack("!I", 2) + b"x",
            struct.pack("!I", 100_006) + b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        ],
    )
    def test_garbage_ends_it(self, garbage):
        ours, theirs = socket.socketpair()
        link = Link(ours)
        theirs.sendall(garbage)
        theirs.close()
        with pytest.raises(Lost):
            link.receive()
        link.close()

    def test_what_is_sent_bare_is_read_bare(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            send_message(ours, {"a": 1})
            assert read_message(theirs) == {"a": 1}


@pytest.fixture
def teams():
    """A chief and two others, who are left at the end."""
    workers = [Workers(("a:1", "b:2", "c:3"), index) for index in range(3)]
    pairs = {index: socket.socketpair() for index in (1, 2)}
    chief = Team(workers[0], {index: pair[0] for index, pair in pairs.items()})
    teams = [chief, *(Team(workers[index], {0: pairs[index][1]}) for index in (1, 2))]
    yield teams
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(Team.close, teams))


def all_at_once(tasks):
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


class TestTeam:
    def test_the_chiefs_value_counts(self, teams):
        values = all_at_once([lambda t=t, n=n: t.agree(n) for n, t in enumerate(teams)])
        assert values == [0, 0, 0]

    def test_chunks_are_as_long_as_the_chiefs(self, teams):
        lengths = [TeamChunkLength(team, 8) for team in teams]
        lengths[0].observe(1, 1.0)
        lengths[0].observe(1, 0.01)
        lengths[1].observe(1, 1.0)
        assert isinstance(lengths[0], ChunkLength)
        wanted = ChunkLength(8)
        wanted.observe(1, 1.0)
        wanted.observe(1, 0.01)
        found = all_at_once([lambda length=length: length.steps for length in lengths])
        assert found == [wanted.steps] * 3
        assert wanted.steps > 1

    @pytest.mark.parametrize("able", [3, 2])
    def test_what_all_can_do(self, teams, able):
        answers = all_at_once([lambda t=t: t.all_can(t.workers.index < able) for t in teams])
        assert answers == [able == 3] * 3

    def test_the_same_data(self, teams):
        all_at_once([lambda t=t: t.check_same({"data": "x"}, "") for t in teams])

    def test_other_data_is_refused_by_all(self, teams):
        def check(team):
            mine = "other" if team.workers.index == 2 else "same"
            with pytest.raises(SpecError, match=r"Worker 2 \(c:3\) has data different"):
                team.check_same({"data": mine, "settings": "s"}, "Copy it.")

        all_at_once([lambda t=t: check(t) for t in teams])

    def test_all_learn_who_is_gone(self, teams):
        chief, one, two = teams
        freed = threading.Event()
        one.when_lost = freed.set
        two._links[0]._connection.shutdown(socket.SHUT_RDWR)  # as if the process were killed
        assert freed.wait(120)
        assert str(chief.why()).startswith("Worker 2 (c:3) has ended.")
        assert "resume" in chief.why().hint
        assert "Worker 2 (c:3) has ended" in one.why().message

    def test_an_unknown_reason(self, teams):
        assert "broke off" in teams[0].why(wait_s=0.0).message

    def test_a_failure_is_told_when_leaving(self, teams):
        chief, one, two = teams
        with pytest.raises(ZeroDivisionError), leaving(two):
            raise ZeroDivisionError("zero")
        with pytest.raises(TrainingError, match="has failed: zero"):
            chief._from(2)
        with leaving(chief) as leave:
            leave(RunFailed("run", reason="The disk is full."))
        with pytest.raises(TrainingError, match=r"has failed: (The disk|Worker 2)"):
            one.hear()

    def test_leaving_in_peace(self, teams):
        chief, _, two = teams
        with leaving(two) as leave:
            leave(RunStopped("run", reason="Stopped.", metrics={}))
        with pytest.raises(TrainingError, match="has ended"):
            chief._from(2)
        assert not chief._links[2].lost


class TestControl:
    def ask(self, teams, people):
        """Every worker asks whether to stop; what each was told."""
        notified = [[] for _ in teams]
        controls = [TeamControl(own, team) for own, team in zip(people, teams, strict=True)]
        answers = all_at_once(
            [
                lambda c=c, t=t: c.should_stop(t.append, t.append)
                for c, t in zip(controls, notified, strict=True)
            ]
        )
        return answers, notified, controls

    def test_nothing_was_asked(self, teams):
        answers, notified, _ = self.ask(teams, [TrainingControl() for _ in teams])
        assert answers == [False] * 3
        assert notified == [[], [], []]

    def test_the_chief_stops_all_and_changes_everything(self, teams):
        people = [TrainingControl() for _ in teams]
        changes = [ChangeRate(0.5), ChangeEpochs(7)]
        for request in (*changes, Control.DISCARD):
            people[0].request(request)
        answers, notified, controls = self.ask(teams, people)
        assert answers == [True] * 3
        assert notified == [changes] * 3
        assert all(control.is_discarding for control in controls)

    def test_a_pause_holds_all(self, teams):
        people = [TrainingControl() for _ in teams]
        people[0].request(Control.PAUSE)
        notified = [[] for _ in teams]

        def go_on(state):
            notified[0].append(state)
            if state is RunState.PAUSED:
                people[0].request(Control.RESUME)

        announces = [go_on, notified[1].append, notified[2].append]
        answers = all_at_once(
            [
                lambda p=p, t=t, a=a: TeamControl(p, t).should_stop(a)
                for p, t, a in zip(people, teams, announces, strict=True)
            ]
        )
        assert answers == [False] * 3
        assert notified == [[RunState.PAUSED, RunState.RUNNING]] * 3

    def test_stopping_another_worker_stops_all_even_in_a_pause(self, teams):
        people = [TrainingControl() for _ in teams]
        people[0].request(Control.PAUSE)
        people[2].request(Control.STOP)
        answers, _, _ = self.ask(teams, people)
        assert answers == [True] * 3
