"""What libraries warn programmers of is for the log, not for who types a command."""

import faulthandler
import sys
import warnings

from engine.cli.commands.quiet import quiet_native_code


def test_a_warning_of_a_damaged_image_is_in_the_log_alone(tmp_path, monkeypatch, capfd):
    for name in ("enable", "disable"):  # pytest's own stays as it is
        monkeypatch.setattr(faulthandler, name, lambda **options: None)
    log, show = tmp_path / "commands.log", warnings.showwarning
    with open(2, "w", closefd=False) as process_stream, warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(sys, "stderr", process_stream)
        with quiet_native_code(log):
            warnings.warn("Truncated File Read", stacklevel=1)
            sys.stderr.write("A sentence.\n")
        assert warnings.showwarning is show
    assert "UserWarning: Truncated File Read" in log.read_text()
    assert capfd.readouterr().err == "A sentence.\n"
