"""Studies that sweep the signal, the pulses and noise that spins share."""

import pytest
import studies

from qsense import RunSpec
from qsense.errors import SpecError
from qsense.store import Store
from qsense.study.cells import SIGNED, cells
from qsense.study.cost import Cost
from qsense.study.expansion import Study
from qsense.study.figures import figures, integrated_gain_figure
from qsense.study.report import summary_parts
from qsense.study.results import study_results
from qsense.study.summary import summarize

RUN = {
    "probes": ["ghz", "product"],
    "num_qubits": 2,
    "noise": [
        {
            "dephasing_rate": 0.1,
            "phase_noise": [{"space": "collective", "memory": "quasi_static", "spread_rad_per_s": 1.0}],
        }
    ],
    "estimators": "auto",
    "field_rad_per_s": 0.2,
    "times_s": [0.5, 1.0],
    "shots": 100,
    "seed": 1,
}


def study_of(sweep, **run):
    return Study.from_dict({"schema": 1, "name": "small", "run": {**RUN, **run}, "sweep": sweep})


@pytest.mark.parametrize(("key", "values", "read", "run"), [
    ("signal.frequency_hz", [0.1, "matched"], lambda s: s.signal.frequency, {"idle": "hahn"}),
    ("signal.weights", ["alternating", [1.0, -0.5]], lambda s: s.signal.to_dict()["weights"], {}),
    ("idle", ["hahn", "cpmg:4"], lambda s: s.pulses.name, {"signal": {"frequency_hz": "matched"}}),
    ("noise.collective_dephasing_rate", [0.1, 0.2], lambda s: s.noises[0].collective_dephasing, {}),
    ("noise.collective_dephasing_rate", ["1/5s", "1Hz"], lambda s: s.noises[0].collective_dephasing, {}),
    ("noise.phase_noise[0].spread_rad_per_s", [1.0, 2.0], lambda s: s.noises[0].phase_noise[0].memory.spread, {}),
    ("noise.phase_noise.space", ["local", "collective"], lambda s: s.noises[0].phase_noise[0].space.kind, {}),
    ("noise.coupling_rad_per_s", ["1 rad/s", 2.0], lambda s: s.noises[0].coupling, {}),
])  # fmt: skip
def test_every_part_of_the_world_can_be_swept(key, values, read, run):
    study = study_of({key: values}, **run)
    numbers = {"1/5s": 0.2, "1Hz": 1.0, "1 rad/s": 1.0}
    found = [read(trial.spec) for trial in study.trials]
    assert list(map(str, dict.fromkeys(map(str, found)))) == [str(numbers.get(str(v), v)) for v in values]
    assert len({trial.key for trial in study.trials}) == 2 * len(values)
    assert all(Cost.of(trial.spec).seconds > 0 for trial in study.trials)
    assert all(RunSpec.from_dict(trial.content).id for trial in study.trials)


def test_a_ghz_probe_of_a_signal_with_weights_keeps_its_signs_in_a_trial():
    study = study_of({}, num_qubits=[2, 4], signal={"weights": "alternating"}, probes=["ghz", "ghz:+++-", "product"])
    assert {trial.spec.probes[0].name for trial in study.trials} == {"ghz:+-", "ghz:+-+-", "ghz:+++-", "product"}
    for trial in study.trials:
        assert RunSpec.from_dict(trial.content).probes == trial.spec.probes


def test_a_swept_word_that_is_wrong_is_named():
    with pytest.raises(SpecError, match=r'key `idle`: unknown idle sequence "han"'):
        study_of({"idle": ["han"]}, signal={"frequency_hz": "matched"})


def test_a_field_in_step_with_pulses_that_there_are_not_is_refused_when_a_study_is_planned():
    with pytest.raises(SpecError, match=r"A \"matched\" frequency is that of the pulses.*This is at idle = 'free'"):
        study_of({"idle": ["free", "hahn"]}, signal={"frequency_hz": "matched"})


def test_estimates_whose_assumption_is_refused_are_no_part_of_what_a_study_concludes(tmp_path):
    run = {
        "noise": {"dephasing_rate": 0.1, "collective_dephasing_rate": 0.1},
        "signal": {"weights": "alternating"},
        "num_qubits": [2, 3, 4],
        "shots": 300,
    }
    entry = studies.filled(tmp_path / "s", studies.study(run), together=True)
    with Store(tmp_path / "s", read_only=True) as store:
        results = study_results(store, entry)
    found = cells(results)
    assert {cell.names["probe"] for cell in found if cell.refused} == {"product"}
    summary = summarize(results, found)
    assert summary["trials_withheld"] == {"independent spins": 3}
    assert [(row["ratio"], row["until"], row["assumptions"]) for row in summary["crossovers"]] == [
        (None, None, "independent spins")
    ] * 3
    assert {row["probe"] for row in summary["exponents"]} == {SIGNED}  # ghz:+-, ghz:+-+ and ghz:+-+-, one power of N
    assert set(figures(found)) == {"integrated_gain.png", "integrated_gain.svg"}
    figure = integrated_gain_figure(found)
    legend = {text.get_text() for text in figure.legends[0].get_texts()}
    assert legend == {"GHZ with signs", "product (assumption refused)"}
    text = "\n".join(str(part) for part in summary_parts(summary))
    assert "‡ 3 trials: their counts refuse what their estimator assumes (independent spins)" in text
