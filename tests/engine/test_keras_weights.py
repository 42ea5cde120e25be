"""Weights of Keras's applications: named where they are missing, had after a yes, gone on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from engine.architectures.applications import APPLICATIONS, weights_path
from engine.architectures.keras_weights import WEIGHTS, download
from engine.cli import main as cli
from engine.errors import Cancelled, DatasetError

CONTENT = bytes(range(256)) * 4_000
NAME = "MobileNetV3Small"


class Server:
    """Keras's storage on this machine.

    Attributes:
        most: Bytes after which it hangs up.
        ranges: What was asked for, one a request.
        can_resume: It sends the rest where that is asked for.
    """

    def __init__(self) -> None:
        self.most = len(CONTENT)
        self.ranges: list[str | None] = []
        self.can_resume = True
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers["Range"]
                server.ranges.append(asked)
                begin = int(asked[6:-1]) if asked and server.can_resume else 0
                if begin >= len(CONTENT):
                    self.send_error(416)
                    return
                self.send_response(206 if begin else 200)
                self.send_header("Content-Length", str(len(CONTENT) - begin))
                self.end_headers()
                self.wfile.write(CONTENT[begin : server.most])

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/weights.h5"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    thread = Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    digest = hashlib.md5(CONTENT).hexdigest()
    monkeypatch.setitem(WEIGHTS, NAME, replace(WEIGHTS[NAME], url=made.url, digest=digest))
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


def _files(tmp_path: Path) -> list[str]:
    return sorted(item.name for item in (tmp_path / "keras" / "models").iterdir())


@pytest.mark.parametrize("name", APPLICATIONS)
def test_names_places_and_checksums_are_those_of_keras(name: str) -> None:
    import keras

    file = WEIGHTS[name]
    assert file.location == weights_path(APPLICATIONS[name])
    folder = Path(keras.__file__).parent / "src" / "applications"
    text = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    base = file.url.removesuffix(file.path)
    assert base in text or base in text.replace('"\n        "', "").replace('"\n    "', "")
    assert file.digest in text
    assert file.license
    assert file.digest or name == "MobileNetV2"


def test_it_goes_on_where_the_connection_ended(server: Server, tmp_path: Path) -> None:
    server.most = 300_000
    with pytest.raises(DatasetError, match="cannot be downloaded"):
        download(NAME)
    assert _files(tmp_path) == [f".download-{WEIGHTS[NAME].path}"]
    server.most = len(CONTENT)
    shown: list[tuple[str, int, int]] = []
    path = download(NAME, lambda *said: shown.append(said))
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-"]
    assert shown[0] == (f"Downloading {path.name}", 300_000, len(CONTENT))
    assert _files(tmp_path) == [path.name]


def test_it_begins_anew_where_the_server_cannot_go_on(server: Server) -> None:
    server.most, server.can_resume = 300_000, False
    with pytest.raises(DatasetError):
        download(NAME)
    server.most = len(CONTENT)
    assert download(NAME).read_bytes() == CONTENT


def test_stopped_it_keeps_what_is_there(server: Server, tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(NAME, stop)
    assert _files(tmp_path) == [f".download-{WEIGHTS[NAME].path}"]
    assert download(NAME).read_bytes() == CONTENT


def test_another_file_is_refused_and_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WEIGHTS, NAME, replace(WEIGHTS[NAME], digest="0" * 32))
    with pytest.raises(DatasetError, match="not the published file"):
        download(NAME)
    assert _files(tmp_path) == []


def test_the_command_asks_first(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin.readline", lambda: "n\n", raising=False)
    assert cli.main(["models", "download", NAME]) == 1
    asked = capsys.readouterr()
    assert "MB, licence Apache 2.0, from 127.0.0.1" in asked.out + asked.err
    assert server.ranges == []
    assert cli.main(["models", "download", NAME, "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["application"] == NAME
    assert cli.main(["models", "download", NAME]) == 0
    assert "already" in capsys.readouterr().out
    assert cli.main(["models", "download", "MobileNet", "--yes"]) == 2
    assert "MobileNetV2" in capsys.readouterr().err
