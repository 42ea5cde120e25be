"""Pairs of texts from files, and those in the box: numbers in words, dates, and countries."""

import datetime

import numpy as np
import pytest

from engine.datasets import DATASETS, load_examples, recognise
from engine.datasets.box.dates import Dates, DatesParameters
from engine.errors import DatasetError, SpecError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task
from engine.training.defaults import parse
from engine.training.prepared_data import look

TATOEBA = """Go.\tVa !\tCC-BY 2.0 (France) #1
Hi.\tSalut !\tCC-BY 2.0
"Run!" he said.\t« Cours ! » dit-il.\tCC-BY 2.0
Hi.\tSalut.\tCC-BY 2.0
Who?\tQui ?\tCC-BY 2.0
Fire!\tAu feu !\tCC-BY 2.0
"""


def load(path, **data):
    return load_examples(DataSpec(source=str(path), **data))[1]


@pytest.fixture
def tatoeba(tmp_path):
    path = tmp_path / "fra.txt"
    path.write_text(TATOEBA, "utf-8")
    return path


class TestRecognised:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("fra.txt", TATOEBA),
            (
                "pairs.tsv",
                "en\tde\na cow\teine Kuh\nan ox\tein Ochse\na cat\teine Katze\nend\tEnde\n",
            ),
            ("pairs.csv", "en,pt-BR\na cow,vaca\nan ox,boi\na cat,gato\nthe end,fim\n"),
        ],
    )
    def test_two_columns_of_text(self, tmp_path, name, content):
        path = tmp_path / name
        path.write_text(content, "utf-8")
        assert recognise(path).name == "pairs"

    @pytest.mark.parametrize(
        "content",
        [
            "name\tkind\na\tcow\nb\tcow\nc\tox\nd\tox\ne\tox\n",
            "x\ty\n1\t2\n2\t3\n3\t4\n4\t5\n",
            "a\tb\tc\nx\ty\tz\nu\tv\tw\nr\ts\tt\nk\tl\tm\n",
        ],
    )
    def test_other_tables_stay_tables_unless_translation_is_asked_for(self, tmp_path, content):
        path = tmp_path / "table.tsv"
        path.write_text(content)
        assert recognise(path).name == "table"
        assert recognise(path, Task.TRANSLATION).name == "pairs"


class TestPairs:
    def test_quotation_marks_between_tabs_are_text(self, tatoeba):
        examples = load(tatoeba)
        assert (examples.kind, examples.task) == (Kind.TEXT, Task.TRANSLATION)
        assert examples.x[2] == '"Run!" he said.'
        assert examples.y[2] == "« Cours ! » dit-il."
        assert examples.source_columns == ("text 1", "text 2", "text 3")
        assert dict(examples.facts)["Delimiter"] == "tab"

    def test_pairs_of_one_source_stay_in_one_part(self, tatoeba):
        examples = load(tatoeba)
        assert examples.groups.tolist() == [0, 1, 2, 1, 4, 5]
        (notified,) = [item for item in examples.findings if item.trouble is Trouble.DUPLICATE]
        assert notified.names == ("'Hi.': Salut !, Salut.",)
        assert notified.remedies[0].changes == {"data.exclude": ("line 2", "line 4")}

    def test_columns_are_chosen_by_name_in_both_directions(self, tmp_path):
        path = tmp_path / "many.csv"
        path.write_text('de,en,fr\nein,one,un\n"zwei, zwo",two,deux\n', "utf-8")
        examples = load(path, format="pairs", parameters={"source": "fr", "target": "de"})
        assert examples.x.tolist() == ["un", "deux"]
        assert examples.y.tolist() == ["ein", "zwei, zwo"]
        assert examples.target_name == "de"
        assert load(path, format="pairs", target="fr").y.tolist() == ["un", "deux"]

    @pytest.mark.parametrize(("header", "n_rows"), [("auto", 2), ("yes", 1), ("no", 2)])
    def test_the_header_can_be_set(self, tmp_path, header, n_rows):
        path = tmp_path / "pairs.tsv"
        path.write_text(
            "uno\tone\ndos\ttwo\ntres\tthree\n" if header == "yes" else "uno\tone\ndos\ttwo\n"
        )
        examples = load(path, format="pairs", parameters={"header": header})
        assert examples.n_samples == n_rows + (header == "yes")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
    def test_encodings_are_told(self, tatoeba, encoding):
        tatoeba.write_bytes(TATOEBA.encode(encoding))
        examples = load(tatoeba, format="pairs")
        assert examples.x[0] == "Go."
        assert examples.y[2] == "« Cours ! » dit-il."

    def test_gaps_and_long_texts_are_left_out_by_line(self, tatoeba):
        with tatoeba.open("a", encoding="utf-8") as file:
            file.write("\tx\tCC\nAlone\n" + "y" * 400 + "\tz\tCC\n\n")
        examples = load(tatoeba, format="pairs")
        gaps, long = (item for item in examples.findings if item.trouble is not Trouble.DUPLICATE)
        assert gaps.names == ("line 7", "line 8")
        assert long.names == ("line 9",)
        assert examples.n_samples == 6
        assert load(tatoeba, format="pairs", exclude=("line 1",)).x[0] == "Hi."

    @pytest.mark.parametrize(
        ("content", "data", "message"),
        [
            ("", {}, "is empty"),
            ("only\none\n", {}, "two columns"),
            ("en\tde\n", {}, "holds 0 pairs"),
            ("a\tb\nc\td\n", {"target": "French"}, "no column 'French'"),
            ("a\tb\nc\td\n", {"target": "text 1"}, "into itself"),
            ("a\tb\nc\td\n", {"task": "classification"}, "for translation"),
            ("a\ta\nc\td\n", {"parameters": {"header": "yes"}}, "same name: a, a"),
            ('en,de\na,"b\nc,d\n', {}, "cannot be read"),
            ("\0\1\2\3\4", {}, "no text"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, tmp_path, content, data, message):
        path = tmp_path / "pairs.txt"
        path.write_text(content)
        with pytest.raises(DatasetError, match=message):
            load(path, format="pairs", **data)


class TestInTheBox:
    def test_numbers_in_words_are_each_there_once(self):
        examples = DATASETS["number_words"].load(DATASETS["number_words"].parameters())
        assert examples.n_samples == 5_000
        assert len(set(examples.x)) == len(set(examples.y)) == 5_000
        pairs = dict(zip(examples.x, examples.y, strict=True))
        assert pairs["zweitausenddreihundertneunundzwanzig"] == (
            "two thousand, three hundred and twenty-nine"
        )

    def test_every_language_of_numbers_can_be_written(self):
        words = DATASETS["number_words"]
        names = words.parameters.model_fields["source"].annotation.__args__
        for name in names:
            parameters = words.parameters(source=name, target="digits", maximum=99, n_samples=100)
            examples = words.load(parameters)
            assert sorted(map(int, examples.y)) == list(range(100))
            assert all(examples.x)

    def test_dates_are_those_babel_reads_back(self):
        from babel.dates import parse_date

        parameters = DatesParameters(languages="German", n_samples=300)
        examples = Dates().load(parameters)
        numeric = [
            (x, y)
            for x, y in zip(examples.x, examples.y, strict=True)
            if x[-4:].isdigit() and x.replace(".", "").isdigit()
        ]
        assert numeric
        for written, iso in numeric:
            assert parse_date(written, locale="de") == datetime.date.fromisoformat(iso)

    def test_no_date_can_be_taken_for_another_day(self):
        parameters = DatesParameters(
            languages="English, French, Spanish", n_samples=1_400, first_year=2001, last_year=2004
        )
        examples = Dates().load(parameters)
        assert len(set(examples.y)) == examples.n_samples == 1_400
        days: dict[str, str] = {}
        for written, iso in zip(examples.x, examples.y, strict=True):
            assert days.setdefault(written, iso) == iso
        # In France 03/04 is in April, 3/4 in America in March; the former alone has zeros.
        assert "03/04/2001" not in days or days["03/04/2001"] == "2001-04-03"

    def test_every_language_has_dates(self):
        from engine.datasets.language.languages import LANGUAGES

        for language in LANGUAGES:
            examples = Dates().load(DatesParameters(languages=language, n_samples=50))
            assert all(examples.x)

    def test_countries_have_one_language_each(self):
        countries = DATASETS["countries"]
        examples = countries.load(countries.parameters())
        assert len(examples.class_names) == 18
        assert len({name.casefold() for name in examples.x}) == examples.n_samples > 2_500
        by_name = dict(zip(examples.x, examples.y, strict=True))
        assert examples.class_names[by_name["Deutschland"]] == "German"
        assert examples.class_names[by_name["Німеччина"]] == "Ukrainian"
        # The script alone does not give the language away.
        cyrillic = {examples.class_names[y] for x, y in by_name.items() if "а" in x}
        assert cyrillic == {"Bulgarian", "Russian", "Ukrainian"}

    @pytest.mark.parametrize("name", ["countries", "number_words", "dates"])
    def test_the_seed_decides(self, name):
        dataset = DATASETS[name]
        one, same, other = (
            dataset.load(dataset.parameters(n_samples=60, seed=seed)) for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(one.x, same.x)
        np.testing.assert_array_equal(one.y, same.y)
        assert one.x.tolist() != other.x.tolist()

    @pytest.mark.parametrize(
        ("name", "parameters", "message"),
        [
            ("countries", {"languages": "German"}, "two languages or more"),
            ("countries", {"languages": "German, Klingon"}, "Received: 'Klingon'"),
            ("dates", {"languages": " "}, "a language or more"),
            ("dates", {"languages": "Germn"}, "Did you mean German"),
            ("dates", {"first_year": 2000, "last_year": 1999}, "2000 to 1999"),
            ("number_words", {"source": "Klingon"}, "Klingon"),
        ],
    )
    def test_wrong_parameters_are_refused_in_words(self, name, parameters, message):
        with pytest.raises(SpecError, match=message):
            load(name, parameters=parameters)

    def test_the_profile_tells_how_both_sides_are_cut(self):
        spec = parse(
            {
                "data": {"source": "number_words", "parameters": {"n_samples": 60}},
                "model": {"name": "gru_translator"},
            }
        )
        facts = dict(look(spec).profile("number_words").facts)
        assert (facts["Cut into"], facts["Target: cut into"]) == ("characters", "words")
