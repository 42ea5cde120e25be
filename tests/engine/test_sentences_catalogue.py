"""Every sentence that the engine makes for a report has its Chinese in the catalogue."""

from engine_sentences import templates_of

from engine.languages.sentences import catalogue_of

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
    "engine/training/job.py",
    "engine/training/rules.py",
    "engine/training/divergence.py",
    "engine/training/divergence_guard.py",
    "engine/training/plan.py",
    "engine/training/data_changes.py",
    "engine/training/fingerprint.py",
    "engine/training/fused/__init__.py",
    "engine/training/model/placement.py",
    "engine/training/model/transfer.py",
    "engine/training/steps/autotuner.py",
    "engine/runs/places.py",
    "engine/service/failing.py",
    "engine/service/recovery.py",
    "engine/service/results/analysing.py",
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
    "Remedy": "labels of buttons in the window",
    "title": "of a data set or a format, which has a name of its own",
    "description": "the same",
    "distribution": "titles of histograms in the window",
    "hint": "what to do about an error",
    "translate": "the window's",
    "compile": "regular expressions",
}
