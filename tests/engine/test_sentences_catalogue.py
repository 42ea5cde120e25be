"""Every sentence that the engine makes for a report has its Chinese in the catalogue."""

import json
import re
from collections import Counter

import pytest
from engine_sentences import GAP, ROOT, Template, english_in, templates_of

from engine.architectures import ARCHITECTURES
from engine.datasets import DATASETS
from engine.spec.sentences import FOLDER, LANGUAGES, Catalogue, catalogue_of, pairs_of

PLACES = (
    "engine/inference/advice",
    "engine/inference/suspects/verdict.py",
    "engine/inference/baselines",
    "engine/inference/evaluation/analysing.py",
    "engine/inference/evaluation/class_measures.py",
    "engine/inference/evaluation/measured.py",
    "engine/inference/groups",
    "engine/inference/explaining",
    "engine/events/explaining.py",
    "engine/datasets",
    "engine/devices/compiled_programs.py",
    "engine/preprocessing/targets.py",
    "engine/preprocessing/tokens.py",
    "engine/training/job.py",
    "engine/training/rules.py",
    "engine/training/cluster/cluster.py",
    "engine/training/divergence.py",
    "engine/training/divergence_guard.py",
    "engine/training/plan.py",
    "engine/training/data_changes.py",
    "engine/training/fingerprint.py",
    "engine/training/fused/__init__.py",
    "engine/training/model/placement.py",
    "engine/training/model/transfer.py",
    "engine/training/steps/autotuner.py",
    "engine/training/trainer.py",
    "engine/runs/places.py",
    "engine/service/failing.py",
    "engine/service/recovery.py",
    "engine/service/session.py",
    "engine/service/results/analysing.py",
    "engine/service/results/comparison_words.py",
    "engine/service/upkeep/folder_run.py",
)

NOT_FROM = {
    "progress": "what is under way, shown while one waits",
    "blocks_of": "the same",
    "parameter": "labels and helps of settings: resources/pages/zh_CN/parameters.json",
    "DescentError": "errors, which are told where they happen",
    "DatasetError": "the same",
    "TrainingError": "the same",
    "SpecError": "the same",
    "Problem": "the same",
    "title": "of a data set or a format, which has a name of its own",
    "description": "the same",
    "distribution": "titles of histograms in the window",
    "hint": "what to do about an error",
    "translate": "the window's",
    "compile": "regular expressions",
    "Rows": "marks of what is kept on disk",
    "FileRows": "the same",
    "reading": "the papers that methods are from",
    "_NOISE_HELP": "labels and helps of settings",
    "_LENGTH_HELP": "the same",
    "EMPTY_LISTS_LABEL": "the same",
    "EMPTY_LISTS_HELP": "the same",
    "_DEFAULT": "names of languages, as one types them",
    "advice": "what to do about an error",
    "_HINT": "the same",
    "_ROOM_HINT": "the same",
    "_SAME_RANGE": "the same",
    "regression": "the same",
    "refuse": "the same",
    "LayersDiffer": "an error",
    "filterwarnings": "what Keras warns of",
    "removesuffix": "what is cut off",
    "_nearest_hint": "what to do about an error",
    "_one_class": "the same",
    "_unresolved": "the same",
    "_refuse_single_examples": "the same",
    "ending": "the same",
}

NOT_IN = {
    "engine/datasets/box/keras_files.py": "where files of Keras are: errors and questions",
    "engine/datasets/box/keras_names.py": "names of classes",
    "engine/datasets/corrections/log.py": "names of files, and parts of a sentence in applying.py",
    "engine/datasets/foreign_files.py": "suffixes, and hints of an error",
    "engine/datasets/guarded.py": "what a plug-in was doing when it failed: errors",
    "engine/datasets/language/languages.py": "hints of an error",
    "engine/datasets/pictures/image_files.py": "why a file cannot be read: named beside a finding",
    "engine/datasets/sequences/series_layout.py": "words that name a time",
    "engine/datasets/tables/cell_faults.py": "an error of one cell",
    "engine/datasets/tables/number_units.py": "units",
    "engine/runs/places.py": "errors of a workspace, but for why a run was interrupted",
}
"""Modules of those places that say nothing of the kind, and why."""

NO_SENTENCES = {
    "cart position": "names of columns and classes",
    "cart velocity": "the same",
    "pole angle": "the same",
    "pole angular velocity": "the same",
    "stuck sensor": "the same",
    "same sign": "the same",
    "different signs": "the same",
    "ISO date": "the same",
    f"blob {GAP}": "the same",
    "Unnamed: 0": "the same",
    "equal mass": "the name of a method",
    "early stopping": "the same",
    "FLOAT": "the name of an encoding of sound",
    "{column} '{value}'": "of a folder, which is known with it",
    "Callable[[Path, Sequence[FoundFile]], FileTable]": "a type",
    "dict[str, tuple[NumberStyle, Reason]]": "a type",
    f'{{"sha256": "{GAP}"}}': "a line of a file",
    f'--tf_xla_persistent_cache_directory="{GAP}" --tf_xla_persistent_cache_device_types=CPU': (
        "a setting of TensorFlow"
    ),
    "model name": "what Linux calls a processor",
    f"[half {GAP}]": "a token",
    "The details may tell the cause.": "what to do about an error",
    "Start again; the details may tell the cause.": "the same",
    "Someone ended it, or memory ran out: then a smaller batch or model helps.": "the same",
    f"signal {GAP}": "the name of a signal",
    "unix s": "the name of a form",
    "unix ms": "the same",
    "unix us": "the same",
    "excel days": "the same",
    "Reading texts": "what is under way",
    "a folder of": "what an error received",
    "no suffix": "the same",
    "no mark of it at the beginning": "the same",
    f"bytes {GAP}": "the same",
    f"only '{GAP}'": "the same",
    "none with texts": "the same",
    f"Its classes are {GAP}.": "what to do about an error",
    "Leave it open.": "the same",
    f"Arrays: {GAP}.": "the same",
    f"Columns: {GAP}.": "the same",
    f"Did you mean '{GAP}'?": "the same",
    f"{GAP} What was recorded is kept. The details below help to find the cause.": "the same",
    f"Layer {GAP} with weights is {GAP} here and {GAP} there, "
    "so its weights cannot be taken over.": "an error",
    "Choose the same architecture with the same settings, or another one to start from.": (
        "what to do about it"
    ),
    "Correct or leave out these examples, and go on with a new run.": "the same",
    "The steps are too large: continue the run with a learning rate ten times smaller, clip the "
    "gradients, or scale the inputs and the target.": "the same",
}


def told() -> list[Template]:
    """What the places above may say, each once."""
    found = {
        _plain(it.text): it
        for it in templates_of(PLACES, NOT_FROM)
        if it.place.partition(":")[0] not in NOT_IN
    }
    return [it for it in found.values() if it.text.strip() not in NO_SENTENCES]


def _plain(text: str) -> str:
    """A template as it may stand: other sentences may go before it and follow it."""
    text = re.sub(rf"(?<=[.]){GAP}$", "", text.strip())
    return re.sub(rf"^{GAP} (?=[A-Z])", "", text)


def is_part(text: str, english: str) -> bool:
    """Whether words are a part of a sentence that is put together elsewhere."""
    pattern = ".*?".join(re.escape(piece) for piece in text.split(GAP))
    return re.search(pattern, english) is not None


def is_there(text: str, catalogue: Catalogue, english: str) -> bool:
    """Whether each sentence of a text is known, or a part of one that is."""
    sentences = re.split(r"(?<=[.!?]) ", _plain(text))
    return all(catalogue.knows(it) or is_part(it, english) for it in sentences)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_engine_has_its_translation(language):
    catalogue = catalogue_of(language)
    lines = pairs_of(FOLDER / f"{language}.json")
    english = "\n".join(re.sub(r"\{[^}]*\}", GAP, line) for line in lines)
    missing = [
        f"{it.place}: {it.text!r}" for it in told() if not is_there(it.text, catalogue, english)
    ]
    assert not missing, f"Without {language}:\n" + "\n".join(missing)


def test_what_is_no_sentence_is_still_said():
    """An exception without its words would hide others."""
    found = {it.text.strip() for it in templates_of(PLACES, NOT_FROM)}
    assert not set(NO_SENTENCES) - found
    places = {it.place.partition(":")[0] for it in templates_of(PLACES, NOT_FROM)}
    assert not set(NOT_IN) - places


@pytest.mark.parametrize("language", LANGUAGES)
class TestTheFile:
    def test_no_sentence_is_in_it_twice(self, language):
        twice: list[str] = []

        def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
            twice.extend(name for name, n in Counter(name for name, _ in pairs).items() if n > 1)
            return dict(pairs)

        text = (FOLDER / f"{language}.json").read_text("utf-8")
        rooms = json.loads(text, object_pairs_hook=once)
        assert not twice
        assert sum(map(len, rooms.values())) == len(pairs_of(FOLDER / f"{language}.json"))

    def test_both_languages_have_the_same_gaps(self, language):
        for english, said in pairs_of(FOLDER / f"{language}.json").items():
            gaps = [name.partition(":")[0] for name in re.findall(r"\{([^}]*)\}", english)]
            assert len(gaps) == len(set(gaps)), english
            assert sorted(gaps) == sorted(re.findall(r"\{([^}]*)\}", said)), english

    def test_gaps_are_of_a_kind_that_there_is(self, language):
        kinds = {
            kind
            for english in pairs_of(FOLDER / f"{language}.json")
            for _, kind in re.findall(r"\{(\w+):?(\w*)\}", english)
        }
        assert kinds == {"", "number", "words"}

    def test_gaps_are_parted_by_words(self, language):
        """Else nobody could tell where one ends."""
        for english in pairs_of(FOLDER / f"{language}.json"):
            assert "}{" not in english

    def test_nothing_is_left_in_english(self, language):
        left = {said for said in pairs_of(FOLDER / f"{language}.json").values() if english_in(said)}
        assert left == set()


def test_models_are_called_as_in_the_guide():
    chinese = catalogue_of("zh_CN")
    for architecture in ARCHITECTURES:
        page = (ROOT / "resources/pages/zh_CN" / f"{architecture.name}.md").read_text("utf-8")
        assert chinese.translate(architecture.title) == page.splitlines()[0].removeprefix("# ")
        assert chinese.knows(architecture.short_title)


@pytest.mark.parametrize("name", DATASETS.names)
def test_data_in_the_box_has_a_chinese_title(name):
    assert catalogue_of("zh_CN").knows(DATASETS[name].title)
