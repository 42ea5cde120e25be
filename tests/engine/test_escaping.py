"""Text from outside cannot move a cursor, turn the reading direction or begin a line."""

import json
import logging
import sys
import unicodedata

import pytest

from engine.cli.commands.output import Output, error_lines, table
from engine.devices.console.escaping import escaped, escaped_json, escaped_lines
from engine.devices.console.streams import LOG_FORM, LineFormatter, SafeStream, WordsFormatter
from engine.errors import DescentError, Problem, SpecError

HARMFUL = "a\x1b[31mb\x9b2Jc\u202ed\u2066e\nf\rg\x07h\ud800i\u2028j\ufeffk\x7fl\u061cm\U000e0041"
SHOWN = r"a\x1b[31mb\x9b2Jc\u202ed\u2066e\nf\rg\x07h\ud800i\u2028j\ufeffk\x7fl\u061cm\U000e0041"


class Stream:
    """A text stream that keeps what it is given."""

    encoding = "utf-8"

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return True


def is_harmless(text):
    return not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text)


class TestEscaped:
    def test_shown_as_python_writes_it(self):
        assert escaped(HARMFUL) == SHOWN
        assert escaped(escaped(HARMFUL)) == SHOWN

    @pytest.mark.parametrize(
        "text", ["", "Grüße, 日本 · β₀", "C:\\new", "می‌خواهم", "👩‍👩‍👧", "100\u00a0%", "עברית"]
    )
    def test_words_of_any_language_stay(self, text):
        assert escaped(text) == escaped_lines(text) == escaped_json(text) == text

    def test_every_control_and_every_mark_of_direction(self):
        for code in range(sys.maxunicode + 1):
            letter = chr(code)
            category = unicodedata.category(letter)
            turns = unicodedata.bidirectional(letter) in (
                *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
            )
            if category in ("Cc", "Cs", "Zl", "Zp") or turns or letter in "\u200e\u200f\u061c":
                assert escaped(letter).startswith("\\"), hex(code)

    def test_lines_keep_their_ends(self):
        assert escaped_lines("a\n\tb\x1b\r\n") == "a\n\tb\\x1b\\r\n"

    def test_json_stays_the_same_json(self):
        values = {HARMFUL: [HARMFUL, "日本"]}
        text = escaped_json(json.dumps(values, ensure_ascii=False))
        assert json.loads(text) == values
        assert is_harmless(text)
        assert r"\u202e" in text
        assert r"\u009b" in text
        assert "日本" in text


class TestTheDoor:
    def test_lines_and_tables(self):
        stream = Stream()
        output = Output(False, stream)
        output.lines(f"name: {HARMFUL}", "next")
        output.lines(*table((HARMFUL, "n"), [("x", "1")]))
        shown = stream.text.splitlines()
        assert shown == [f"name: {SHOWN}", "next", f"{SHOWN}  n", f"{'x':{len(SHOWN)}}  1"]

    def test_json(self):
        stream = Stream()
        Output(True, stream).event("told", name=HARMFUL)
        assert json.loads(stream.text) == {"event": "told", "name": HARMFUL}
        assert is_harmless(stream.text.removesuffix("\n"))

    def test_a_line_that_is_rewritten(self):
        stream = Stream()
        Output(False, stream).rewrite(f"of {HARMFUL}")
        assert stream.text == f"\rof {SHOWN}"

    def test_errors(self, capsys):
        Output(True).note(*error_lines(DescentError(f"No '{HARMFUL}'.", f"Not {HARMFUL}.")))
        assert capsys.readouterr().err == f"Error: No '{SHOWN}'.\n  Not {SHOWN}.\n"
        problems = SpecError([Problem("a\nb", "Wrong."), Problem("", "Odd.\x1b")])
        assert error_lines(problems) == ["Error: a\nb: Wrong.", "Error: Odd.\x1b"]

    def test_whatever_is_printed(self):
        stream = Stream()
        print(HARMFUL, file=SafeStream(stream, "standard output"))
        assert stream.text == SHOWN.replace(r"e\nf", "e\nf") + "\n"


class TestLogs:
    def record(self):
        try:
            raise ValueError(HARMFUL)
        except ValueError:
            return logging.LogRecord(
                "of", logging.ERROR, "", 1, "Said %s", (HARMFUL,), sys.exc_info()
            )

    def test_one_record_one_line_and_its_trace(self):
        text = LineFormatter(LOG_FORM).format(self.record())
        assert f"ERROR of: Said {SHOWN}\nTraceback" in text
        assert all(map(is_harmless, text.split("\n")))

    def test_words_for_people_have_no_trace(self):
        assert WordsFormatter().format(self.record()) == f"Said {SHOWN}"
