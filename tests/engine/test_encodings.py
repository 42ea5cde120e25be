"""One answer to how a file writes its letters, for tables, texts, pairs and lists of files."""

from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.encodings import EncodingName, encoding_of, find_encoding
from engine.datasets.language import texts as text_files
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec

RUSSIAN = ("Доброе утро", "Как дела", "Спасибо большое", "До свидания", "Завтра будет дождь")
FRENCH = ("Où est le café", "Un garçon naïf", "Elle a été à la plage", "Le maïs", "Noël déjà")
EURO = ("Où est le café", "Un garçon naïf", "Ça fait 5 €", "Le maïs coûte 3 €", "Noël déjà")
JAPANESE = ("これは文章です", "東京は大きな都市です", "今日は天気がいい", "猫が好き", "ありがとう")
CHINESE = ("这是中文句子", "北京是首都", "今天天气很好", "我喜欢猫", "谢谢你们的帮助")
ENGLISH = ("Good morning", "How are you", "Thanks a lot", "See you then", "It will rain")

CASES = [
    ("windows-1251", RUSSIAN, "windows-1251"),
    ("koi8-r", RUSSIAN, "koi8-r"),
    ("utf-8", RUSSIAN, "utf-8"),
    ("utf-8-sig", RUSSIAN, "utf-8"),
    ("utf-16", RUSSIAN, "utf-16"),
    ("utf-16-le", RUSSIAN, "utf-16-le"),
    ("utf-16-be", RUSSIAN, "utf-16-be"),
    ("utf-16-le", ENGLISH, "utf-16-le"),
    ("utf-32", ENGLISH, "utf-32"),
    ("utf-32", RUSSIAN, "utf-32"),
    ("utf-32-le", RUSSIAN, "utf-32-le"),
    ("utf-32-be", RUSSIAN, "utf-32-be"),
    ("utf-16-be", CHINESE, "utf-16-be"),
    ("latin-1", FRENCH, "windows-1252"),
    ("windows-1252", EURO, "windows-1252"),
    ("shift_jis", JAPANESE, "shift_jis"),
    ("gb18030", CHINESE, "gb18030"),
    ("ascii", ENGLISH, "utf-8"),
]
GUESSED = ("windows-1251", "koi8-r", "windows-1252", "shift_jis", "gb18030")
each = pytest.mark.parametrize(
    ("written", "texts", "name"), CASES, ids=[f"{case[0]}-{case[1][0]}" for case in CASES]
)


def load(path, **values):
    return load_examples(DataSpec(source=str(path), **values))[1]


def guesses(examples):
    """What is said of guessed encodings, with their remedies."""
    return [
        item
        for item in examples.findings
        if item.trouble is Trouble.UNDERSTOOD and "not UTF-8" in item.text
    ]


class TestTheSameBytes:
    @each
    def test_as_a_table(self, tmp_path, written, texts, name):
        rows = [f"{text}\t{place}.5" for place, text in enumerate(texts * 4)]
        path = tmp_path / "table.tsv"
        path.write_bytes("\n".join([f"{texts[0]}\ty", *rows]).encode(written))
        examples = load(path, format="table", columns={texts[0]: {"type": "category"}})
        assert examples.source_columns == (texts[0], "y")
        assert examples.reading["columns"][0]["values"] == sorted(texts)
        assert len(guesses(examples)) == (name in GUESSED)

    @each
    def test_as_texts_one_a_line(self, tmp_path, written, texts, name):
        for label in ("one", "two"):
            (tmp_path / f"{label}.txt").write_bytes("\n".join(texts).encode(written))
        examples = load(tmp_path)
        assert examples.x.tolist() == [*texts, *texts]
        said = [note for note in examples.notes if "not UTF-8" in note]
        assert len(said) == (name in GUESSED)
        assert examples.reading.get("guess") == (name if name in GUESSED else None)

    @each
    def test_as_texts_one_a_file(self, tmp_path, written, texts, name):
        for label in ("one", "two"):
            (tmp_path / label).mkdir()
            for place, text in enumerate(texts):
                path = tmp_path / label / f"{place}.txt"
                path.write_bytes(f"{text}, {text} 1".encode(written))
        examples = load(tmp_path)
        assert examples.x[:].tolist() == [f"{text}, {text} 1" for text in texts] * 2
        said = [note for note in examples.notes if "not UTF-8" in note]
        assert len(said) == (name in GUESSED)

    @each
    def test_as_pairs(self, tmp_path, written, texts, name):
        path = tmp_path / "pairs.tsv"
        lines = [f"{text}\t{other}" for text, other in zip(texts, texts[::-1], strict=True)]
        path.write_bytes("\n".join(lines).encode(written))
        examples = load(path, format="pairs", parameters={"header": "no"})
        assert examples.x.tolist() == list(texts)
        assert examples.y.tolist() == list(texts[::-1])
        assert len(guesses(examples)) == (name in GUESSED)

    @each
    def test_as_a_series(self, tmp_path, written, texts, name):
        rows = [f"{day}\t{day % 7}.5" for day in range(100)]
        path = tmp_path / "series.tsv"
        path.write_bytes("\n".join([f"{texts[0]}\t{texts[1]}", *rows]).encode(written))
        examples = load(path, format="series", target=texts[1])
        assert examples.target_name == texts[1]
        assert len(guesses(examples)) == (name in GUESSED)


class TestGuesses:
    def test_a_column_in_another_alphabet_among_plain_ones(self, tmp_path):
        towns = ("Москва", "Казань", "Омск", "Тверь") * 5
        rows = [f"{place},something plain that is longer,{town},{place}.5" for place, town in
                enumerate(towns)]  # fmt: skip
        path = tmp_path / "table.csv"
        path.write_bytes("\n".join(["id,what,town,y", *rows]).encode("windows-1251"))
        columns = load(path, target="y").reading["columns"]
        assert ["Казань", "Москва", "Омск", "Тверь"] in [c.get("values") for c in columns]

    def test_what_is_found_far_behind_counts(self, tmp_path):
        path = tmp_path / "table.csv"
        plain = "1,plain words\n" * 20_000
        path.write_bytes(("a,b\n" + plain + "2,доброе утро\n").encode("windows-1251"))
        assert find_encoding(path).name == "windows-1251"

    def test_short_texts_of_a_class_are_guessed_together(self, tmp_path):
        words = ("привет", "спасибо", "пока", "хорошо", "плохо", "дождь", "утро", "вечер")
        for label in ("one", "two"):
            (tmp_path / label).mkdir()
            for place, word in enumerate(words):
                (tmp_path / label / f"{place}.txt").write_bytes(word.encode("windows-1251"))
        examples = load(tmp_path)
        assert examples.x[:].tolist() == [*words, *words]
        # A single one says too little: it is read as those that were learnt from.
        (tmp_path / "new.txt").write_bytes("привет".encode("windows-1251"))
        asked = SimpleNamespace(reading=examples.reading)
        assert text_files.read_inputs(tmp_path / "new.txt", asked).tolist() == ["привет"]

    def test_classes_may_be_of_different_encodings(self, tmp_path):
        for label, texts, written in (
            ("german", ("Größe", "Bäcker", "Müller", "Übung"), "windows-1252"),
            ("russian", RUSSIAN, "windows-1251"),
        ):
            (tmp_path / label).mkdir()
            for place, text in enumerate(texts):
                (tmp_path / label / f"{place}.txt").write_bytes(text.encode(written))
        examples = load(tmp_path)
        assert examples.x[:].tolist() == ["Größe", "Bäcker", "Müller", "Übung", *RUSSIAN]
        assert sorted(note.split(" read as ")[1].split(".")[0] for note in examples.notes) == [
            "Cyrillic (Windows-1251)",
            "Western European (Windows-1252)",
        ]
        assert "guess" not in examples.reading

    def test_it_is_told_and_can_be_changed_with_a_click(self, tmp_path):
        path = tmp_path / "pairs.tsv"
        path.write_bytes("\n".join(f"{text}\tx" for text in RUSSIAN).encode("windows-1251"))
        (finding,) = guesses(load(path, format="pairs"))
        assert "'pairs.tsv' is not UTF-8; it was read as Cyrillic (Windows-1251)" in finding.text
        for remedy in finding.remedies:
            (encoding,) = remedy.changes.values()
            assert list(remedy.changes) == ["data.parameters.encoding"]
            changed = load(path, format="pairs", parameters={"encoding": encoding})
            assert changed.x[0] == RUSSIAN[0].encode("windows-1251").decode(encoding)
            assert not guesses(changed)

    @pytest.mark.parametrize("format", ["table", "pairs", "text_table", "series", "control"])
    def test_every_format_knows_every_encoding(self, tmp_path, format):
        path = tmp_path / "table.csv"
        path.write_text("action,b\n1,2\n")
        for name in EncodingName.__args__:
            with suppress(DatasetError):
                load(path, format=format, parameters={"encoding": name})

    def test_plain_symbols_are_no_alphabet(self):
        for text in ("It costs 5 € today", "20 °C outside", "“quoted” – and so on", "naïve"):
            assert encoding_of(text.encode("windows-1252"), True).name == "windows-1252"


class TestWideLetters:
    @pytest.mark.parametrize("wanted", ["utf-16", "utf-32"])
    @pytest.mark.parametrize("order", ["", "-le", "-be"])
    def test_asked_for_without_a_mark(self, tmp_path, wanted, order):
        path = tmp_path / "pairs.tsv"
        path.write_bytes("\n".join(f"{text}\tx" for text in RUSSIAN).encode(wanted + order))
        examples = load(path, format="pairs", parameters={"encoding": wanted})
        assert examples.x.tolist() == list(RUSSIAN)

    @pytest.mark.parametrize("format", ["table", "pairs", "text_table"])
    def test_asked_for_where_it_is_not(self, tmp_path, format):
        path = tmp_path / "pairs.csv"
        path.write_text("a,b\n1,2\n3,4\n")
        with pytest.raises(DatasetError, match=r"UTF-16 text"):
            load(path, format=format, parameters={"encoding": "utf-16"})

    @pytest.mark.parametrize(
        "data",
        [
            b"\x7fELF\0\0\0\0",
            b"\x89PNG\0\0\0",
            b"a,b,y\n1,\x002,0\n2,3,1\n",
            np.arange(-500, 500, dtype="<i2").tobytes(),
            np.linspace(0, 1, 200).tobytes(),
            np.random.default_rng(0).integers(0, 256, 4_000, np.uint8).tobytes(),
        ],
        ids=["elf", "png", "zero", "integers", "floats", "noise"],
    )
    def test_other_data_is_no_text(self, data):
        with pytest.raises(DatasetError, match="is no text"):
            encoding_of(data, True)
