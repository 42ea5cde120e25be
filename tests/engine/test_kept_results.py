"""What a run's model said goes with the model; all else of the run stays."""

from pathlib import Path

from engine.inference.kept_results import forget_results

OF_THE_MODEL = (
    "evaluation.json",
    "analysis.json",
    "analysis-train.json",
    "predictions-test.npz",
    "predictions-train.npz",
    "suspects-kept.json",
    "explanations/model.json",
)
OF_THE_RUN = ("spec.json", "contract.json", "model.keras", "suspects-cross_validation.json")


def test_only_what_the_model_said_goes(tmp_path: Path) -> None:
    (tmp_path / "explanations").mkdir()
    for name in (*OF_THE_MODEL, *OF_THE_RUN):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    forget_results(tmp_path)
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(OF_THE_RUN)
    forget_results(tmp_path)  # nothing is there to go
