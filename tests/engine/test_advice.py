"""Rules about runs: each names its fault, and none speaks against a sound run."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from engine_sentences import english_in

from engine.events.insights import GradientFlow
from engine.events.verdicts import Finding, FindingKind, Severity
from engine.inference.advice import RULES, findings_of, gravest_first
from engine.inference.advice.doubt import area_under_roc, skill_of, wilson
from engine.inference.advice.evidence import Evidence, NotFinite, Targets
from engine.inference.advice.losses import MOST_WINDOWS, StepLosses
from engine.inference.evaluation.predictions import Predictions
from engine.spec.sentences import translate
from engine.spec.signature import Output, Task
from tests import advice_evidence as made
from tests.advice_evidence import falling, sound, trained_on

Kind = FindingKind
ALARMS = (Severity.WARNING, Severity.FAULT)


def kinds(evidence: Evidence) -> dict[Kind, Finding]:
    return {finding.kind: finding for finding in findings_of(evidence)}


def _dead() -> Evidence:
    worn = made.layers(dead_units=np.array([0.2, 1.0, np.nan]))
    return sound(look=worn, test=made.always(), validation=None)


def _vanishing() -> Evidence:
    norms = np.array([1e-9, 1e-5, 0.1])
    look = made.layers(gradient_norms=norms, moved=np.array([1e-5, 1e-3, 0.3]))
    return trained_on(np.full(20, 1.088), look=look, test=made.always())


def _exploding() -> Evidence:
    flow = [
        GradientFlow(
            "run",
            step,
            step / 10,
            ("dense", "output"),
            np.array([10.0 ** (step / 5), 1.0], np.float32),
            np.ones(2, np.float32),
            np.full(2, 0.01, np.float32),
            np.zeros(2, np.float32),
        )
        for step in range(0, 30, 3)
    ]
    return sound(flow=flow)


def _blown_up() -> Evidence:
    losses = np.concatenate([[1.1], np.full(40, 90.0), np.full(300, 8.0)])
    return trained_on(np.full(20, 3.0), losses=StepLosses.of(losses), test=made.always())


def _crawling() -> Evidence:
    still = made.layers(moved=np.array([1e-3, 1e-3, 2e-3]))
    return trained_on(np.linspace(1.20, 1.19, 20), look=still, test=made.always())


def _overfitted() -> Evidence:
    up = np.concatenate([falling(1.0, 0.4, 6), np.linspace(0.5, 1.2, 14)])
    curves = made.epochs(
        loss=falling(1.0, 0.01),
        accuracy=1 - falling(0.6, 0.0),
        val_loss=up,
        val_accuracy=np.full(20, 0.7),
    )
    return sound(epochs=curves, spec=made.spec(keep="last"))


def _unfinished() -> Evidence:
    curve = np.linspace(1.1, 0.5, 20)
    return trained_on(curve)


def _underfitted() -> Evidence:
    return trained_on(
        falling(1.1, 0.8),
        test=made.of_classes(right=0.4),
        baselines=(made.boosted(-0.5, -0.3),),
        main_metric="accuracy",
    )


def _never_said() -> Evidence:
    part = made.of_classes(shares=(0.5, 0.4, 0.1))
    outputs = part.outputs.copy()
    outputs[:, 2] = 0.0
    return sound(test=Predictions(**{**vars(part), "outputs": outputs}), validation=None)


def _imbalanced() -> Evidence:
    targets = Targets(600, made.NAMES[:2], np.array([540, 60]), chance_loss=0.325)
    part = made.of_classes(400, 1.0, (0.9, 0.1))
    outputs = part.outputs.copy()
    rare = np.flatnonzero(part.truth == 1)[: int(0.8 * (part.truth == 1).sum())]
    outputs[rare] = [0.9, 0.1]
    return sound(
        targets=targets, test=Predictions(**{**vars(part), "outputs": outputs}), validation=None
    )


FAULTS: dict[str, tuple[Kind, Callable[[], Evidence]]] = {
    "no class": (Kind.LEARNT_NOTHING, lambda: sound(test=made.always())),
    "no number": (
        Kind.LEARNT_NOTHING,
        lambda: _numbers(made.of_numbers(noise=1000)),
    ),
    "no forecast": (
        Kind.LEARNT_NOTHING,
        lambda: _numbers(made.of_numbers(noise=1000, task=Task.FORECASTING)),
    ),
    "no label": (Kind.LEARNT_NOTHING, lambda: _labels(0.0)),
    "no text": (Kind.LEARNT_NOTHING, lambda: _texts(knows=False)),
    "no anomaly": (Kind.LEARNT_NOTHING, lambda: _scores(0.0)),
    "stuck": (
        Kind.LEARNT_NOTHING,
        lambda: trained_on(np.full(12, 1.095), test=None, validation=None),
    ),
    "stuck while it runs": (
        Kind.LEARNT_NOTHING,
        lambda: trained_on(np.full(12, 1.095), test=None, validation=None, is_running=True),
    ),
    "simple model": (
        Kind.WORSE_THAN_BASELINE,
        lambda: sound(baselines=(made.boosted(-0.09, -0.02),), main_metric="accuracy"),
    ),
    "dead": (Kind.DEAD_UNITS, _dead),
    "vanishing": (Kind.VANISHING_GRADIENTS, _vanishing),
    "exploding": (Kind.EXPLODING_GRADIENTS, _exploding),
    "exploded": (
        Kind.EXPLODING_GRADIENTS,
        lambda: sound(
            losses=StepLosses.of(np.array([1.0, 1.1, 50.0, 1e6, np.inf])),
            not_finite=NotFinite(5, 1, "inf", True),
        ),
    ),
    "blown up": (Kind.RATE_TOO_HIGH, _blown_up),
    "crawling": (Kind.RATE_TOO_LOW, _crawling),
    "overfitted": (Kind.OVERFITTING, _overfitted),
    "unfinished": (Kind.NOT_FINISHED, _unfinished),
    "one epoch": (
        Kind.NOT_FINISHED,
        lambda: trained_on(np.array([0.9]), losses=StepLosses.of(np.linspace(1.1, 0.6, 40))),
    ),
    "underfitted": (Kind.UNDERFITTING, _underfitted),
    "never said": (Kind.CLASS_NEVER_PREDICTED, _never_said),
    "imbalanced": (Kind.IMBALANCE, _imbalanced),
    "few": (Kind.FEW_TEST_EXAMPLES, lambda: sound(test=made.of_classes(18))),
    "not finite": (
        Kind.NOT_FINITE,
        lambda: sound(not_finite=NotFinite(7, 2, "nan", False)),
    ),
}


def _numbers(part: Predictions) -> Evidence:
    curve = falling(1.0, 0.99) if part.outputs.std() < 2 else falling(1.0, 0.05)
    return sound(
        task=part.task,
        output=Output.NUMBERS,
        targets=made.NUMBER_TARGETS,
        epochs=made.epochs(loss=curve, val_loss=curve),
        test=part,
        validation=None,
    )


def _labels(right: float) -> Evidence:
    curve = falling(0.69, 0.2)
    return sound(
        task=Task.MULTILABEL,
        output=Output.LABELS,
        targets=made.LABEL_TARGETS,
        epochs=made.epochs(loss=curve, val_loss=curve),
        test=made.of_labels(right=right),
        validation=None,
    )


def _texts(knows: bool) -> Evidence:
    curve = falling(3.0, 0.1)
    return sound(
        task=Task.TRANSLATION,
        output=Output.TOKENS,
        targets=Targets(600, chance_loss=3.0),
        epochs=made.epochs(loss=curve, val_loss=curve),
        test=made.of_texts(knows=knows),
        validation=None,
    )


def _scores(apart: float) -> Evidence:
    curve = falling(1.0, 0.1)
    return sound(
        task=Task.ANOMALY,
        output=Output.NUMBERS,
        targets=Targets(600),
        epochs=made.epochs(loss=curve, val_loss=curve),
        test=made.of_scores(apart=apart),
        validation=None,
    )


SOUND: dict[str, Callable[[], Evidence]] = {
    "classes": sound,
    "numbers": lambda: _numbers(made.of_numbers()),
    "forecasts": lambda: _numbers(made.of_numbers(task=Task.FORECASTING)),
    "labels": lambda: _labels(0.95),
    "texts": lambda: _texts(knows=True),
    "anomalies": lambda: _scores(4.0),
    "control": lambda: sound(task=Task.CONTROL),
    "simple model is worse": lambda: sound(
        baselines=(made.boosted(0.02, 0.09),), main_metric="accuracy"
    ),
    "kept the best": lambda: sound(spec=made.spec(keep="best")),
    "ended early": lambda: trained_on(np.linspace(1.1, 0.5, 20), ended_early=True),
}


class TestEveryRule:
    @pytest.mark.parametrize("name", FAULTS)
    def test_names_its_fault(self, name: str):
        kind, evidence = FAULTS[name]
        found = kinds(evidence())
        assert kind in found, found
        assert found[kind].severity in ALARMS, found[kind]

    @pytest.mark.parametrize("name", [*FAULTS, *SOUND])
    def test_speaks_chinese(self, name: str):
        evidence = FAULTS[name][1]() if name in FAULTS else SOUND[name]()
        for finding in findings_of(evidence):
            said = translate(finding.text, "zh_CN")
            assert said != finding.text
            assert not english_in(said), said

    @pytest.mark.parametrize("name", SOUND)
    def test_does_not_speak_against_a_sound_run(self, name: str):
        alarms = [it for it in findings_of(SOUND[name]()) if it.severity in ALARMS]
        assert not alarms, alarms

    @pytest.mark.parametrize("name", [name for name in SOUND if name != "ended early"])
    def test_a_sound_run_is_called_good(self, name: str):
        first = findings_of(SOUND[name]())[0]
        assert (first.kind, first.severity) == (Kind.LEARNT, Severity.GOOD)

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
    def test_says_nothing_where_nothing_is_known(self, rule):
        nothing = Evidence(made.spec(), Task.CLASSIFICATION, Output.CLASSES)
        assert not list(rule(nothing))
        assert rule.__doc__

    @pytest.mark.parametrize("name", FAULTS)
    def test_its_findings_can_be_stored_and_read(self, name: str):
        for finding in findings_of(FAULTS[name][1]()):
            stored = json.loads(json.dumps(finding.to_dict()))
            assert Finding.from_dict(stored).to_dict() == finding.to_dict()
            assert finding.text.endswith(".")
            assert any(character.isdigit() for character in finding.text)

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
    def test_bears_curves_of_no_numbers(self, rule):
        curve = np.full(8, np.nan)
        list(rule(trained_on(curve, losses=StepLosses.of(curve), test=None, validation=None)))

    def test_each_kind_that_a_run_can_have_is_tested(self):
        elsewhere = {
            Kind.LEARNT,
            Kind.SUSPECT_LABELS,
            Kind.LEAK,
            Kind.COPIES,
            Kind.CHANGED_DATA,
        }
        assert {kind for kind, _ in FAULTS.values()} | elsewhere == set(Kind)

    def test_one_that_fails_says_nothing_and_is_logged(self, monkeypatch, caplog):
        import engine.inference.advice as advice

        def broken(evidence: Evidence) -> list[Finding]:
            raise ZeroDivisionError("a rule is wrong")

        monkeypatch.setattr(advice, "RULES", (broken, *RULES))
        assert advice.findings_of(sound()) == findings_of(sound())
        assert "a rule is wrong" in caplog.text


class TestWords:
    def test_nothing_learnt_names_both_numbers_and_the_doubt(self):
        finding = kinds(sound(test=made.always()))[Kind.LEARNT_NOTHING]
        assert finding.text.startswith("No better than always saying 'cat': ")
        assert "300 test examples (95 %:" in finding.text
        assert finding.evidence["baseline_accuracy"] == pytest.approx(
            np.mean(made.always().truth == 0)
        )

    def test_few_examples_that_cannot_tell_are_no_fault(self):
        """Twelve examples do not prove that nothing was learnt."""
        few = made.of_classes(12, 0.5)
        found = kinds(sound(test=few, validation=None))
        assert Kind.LEARNT_NOTHING not in found
        assert found[Kind.FEW_TEST_EXAMPLES].severity is Severity.WARNING

    def test_a_rare_class_that_is_ranked_right_was_learnt(self):
        """Right no more often than always saying the common class, and yet it knows something."""
        generator = np.random.default_rng(3)
        truth = (generator.random(800) < 0.1).astype(int)
        second = np.clip(0.1 + 0.25 * truth + 0.05 * generator.normal(size=800), 0, 0.49)
        part = Predictions(
            "test",
            Task.CLASSIFICATION,
            Output.CLASSES,
            np.arange(800),
            truth,
            np.column_stack([1 - second, second]),
            "pet",
            made.NAMES[:2],
        )
        targets = Targets(600, made.NAMES[:2], np.array([540, 60]), chance_loss=0.325)
        found = kinds(sound(test=part, targets=targets, validation=None))
        assert Kind.LEARNT_NOTHING not in found
        assert Kind.CLASS_NEVER_PREDICTED in found

    def test_overfitting_tells_since_when_and_by_how_much(self):
        finding = kinds(_overfitted())[Kind.OVERFITTING]
        assert "Overfits since epoch 6" in finding.text
        assert finding.place is not None
        assert finding.place.epochs == (7, 20)

    def test_what_is_kept_of_the_best_epoch_is_harmed_less(self):
        evidence = _overfitted()
        best = sound(epochs=evidence.epochs, spec=made.spec(keep="best"))
        text = kinds(best)[Kind.OVERFITTING].text
        assert "The weights of epoch 6 count" in text

    def test_the_gravest_comes_first_and_good_before_notes(self):
        order = [Severity.NOTE, Severity.GOOD, Severity.FAULT, Severity.WARNING]
        said = [Finding(Kind.LEARNT, severity, ".") for severity in order]
        sorted_ = [it.severity for it in gravest_first(said)]
        assert sorted_ == [Severity.FAULT, Severity.WARNING, Severity.GOOD, Severity.NOTE]


class TestDoubt:
    def test_wilson_is_that_of_the_books(self):
        from scipy.stats import binomtest

        ours = wilson(33, 100)
        theirs = binomtest(33, 100).proportion_ci(method="wilson")
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)

    def test_area_under_roc_is_that_of_scikit_learn(self):
        from sklearn.metrics import roc_auc_score

        generator = np.random.default_rng(0)
        above = np.round(generator.normal(0.5, 1, 80), 1)  # with ties
        below = np.round(generator.normal(0, 1, 120), 1)
        truth = np.repeat([1, 0], [80, 120])
        theirs = roc_auc_score(truth, np.concatenate([above, below]))
        assert area_under_roc(above, below).value == pytest.approx(theirs, abs=1e-12)

    def test_the_skill_of_the_mean_is_that_of_scikit_learn(self):
        from sklearn.metrics import r2_score

        generator = np.random.default_rng(0)
        truth = generator.normal(size=400)
        said = truth + 0.5 * generator.normal(size=400)
        base = (truth - truth.mean()) ** 2
        found = skill_of((truth - said) ** 2, base, np.arange(400))
        assert found.value == pytest.approx(r2_score(truth, said), abs=1e-12)
        assert found.low < found.value < found.high

    def test_shuffled_labels_are_hardly_ever_taken_for_learnt(self):
        """Of forty models that know nothing, at most two seem to know something."""
        seeming = 0
        for seed in range(40):
            generator = np.random.default_rng(seed)
            truth = generator.integers(0, 3, 200)
            outputs = generator.dirichlet(np.ones(3), 200)
            part = Predictions(
                "test",
                Task.CLASSIFICATION,
                Output.CLASSES,
                np.arange(200),
                truth,
                outputs,
                "pet",
                made.NAMES,
            )
            found = kinds(sound(test=part, validation=None))
            seeming += Kind.LEARNT_NOTHING not in found
        assert seeming <= 2


class TestStepLosses:
    def test_windows_are_means_of_the_steps(self):
        values = np.random.default_rng(0).random(1000)
        losses = StepLosses()
        for chunk in np.split(values, [3, 100, 101, 640]):
            losses.append(chunk)
        assert losses.n == 1000
        assert losses.first == values[0]
        assert losses.windows(50) == pytest.approx(values.reshape(20, 50).mean(axis=1))
        assert losses.last == pytest.approx(values[-64:])

    def test_memory_does_not_grow_with_the_steps(self):
        losses = StepLosses()
        for start in range(0, 100_000, 1000):
            losses.append(np.arange(start, start + 1000, dtype=np.float64))
        means = losses.windows(1)
        assert len(means) <= MOST_WINDOWS
        width = losses.width
        assert means == pytest.approx(np.arange(len(means)) * width + (width - 1) / 2)

    def test_of_a_run_that_goes_on_the_first_loss_is_not_known(self):
        losses = StepLosses(is_begun=True)
        losses.append(np.ones(5))
        assert np.isnan(losses.first)
