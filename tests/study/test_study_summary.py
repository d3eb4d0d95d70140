"""What a study says: powers of N with honest errors, cells that are averaged once, and crossings as in a run."""

import io
import math
import re
import warnings
from dataclasses import replace
from functools import lru_cache

import html_pages
import numpy as np
import pytest
import studies
from cases import further
from rich.console import Console
from scipy.special import erfcinv
from scipy.stats import chi2

from qsense import RunSpec, run
from qsense.errors import ContentError
from qsense.reports.page import page
from qsense.store import Store
from qsense.study.cells import cells
from qsense.study.figures import figures
from qsense.study.leads import leads
from qsense.study.page import study_part
from qsense.study.panels import levels_of
from qsense.study.report import print_tables, write_report
from qsense.study.results import study_results
from qsense.study.summary import exponents, summarize
from qsense.tables import Columns

VALUE = "integrated_gain_s", "integrated_gain_stderr_s"
SEEDS = 60
EXACT = {
    ("ghz", "gain_start"): 2.0,
    ("ghz", "decay_rate"): 1.0,
    ("product", "gain_start"): 1.0,
    ("product", "decay_rate"): 0.0,
}


def of(path, run=None, **keys):
    entry = studies.filled(path / "s", studies.study(run, **keys), together=True)
    with Store(path / "s", read_only=True) as store:
        return study_results(store, entry)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Sixty repetitions of a study of four sizes; each repetition is a group of its own by its field."""
    fields = [round(0.01 * k, 2) for k in range(1, SEEDS + 1)]
    return of(
        tmp_path_factory.mktemp("many"), {"shots": 400}, sweep={"num_qubits": [2, 3, 5, 8], "field_rad_per_s": fields}
    )


@lru_cache(maxsize=1)
def _bounds():
    """Of the deviation of 60 normal numbers, left by chance once in 10 000."""
    low, high = chi2.ppf([5e-5, 1 - 5e-5], SEEDS - 1)
    return math.sqrt(low / (SEEDS - 1)), math.sqrt(high / (SEEDS - 1))


def z_of(many, shift=0.0, scale=1.0):
    found = exponents(cells(many))
    z = {key: [] for key in EXACT}
    for one in found:
        z[one.names["probe"], one.quantity].append(
            (one.measured.value + shift - one.exact) / (one.measured.stderr * scale)
        )
    return z


def wrong(z):
    """The quantities whose z are not standard normal: mean or deviation off, each by chance once in 10 000."""
    low, high = _bounds()
    limit = float(np.sqrt(2) * erfcinv(1e-4)) / math.sqrt(SEEDS)
    return [key for key, values in z.items() if abs(np.mean(values)) > limit or not low < np.std(values, ddof=1) < high]


@pytest.mark.study
def test_the_powers_of_n_are_recovered_within_their_errors(many):
    """Eight tests of one in 10 000: a right summary fails once in 1250 seeds."""
    found = exponents(cells(many))
    assert len(found) == 4 * SEEDS
    for one in found:
        assert one.exact == pytest.approx(EXACT[one.names["probe"], one.quantity], abs=2e-3)
        assert sorted(one.sizes + one.left_out) == [2, 3, 5, 8]
    # An assumption that holds is refused in one of 100 000 trials.
    assert sum(len(one.left_out) for one in found) <= 2
    assert wrong(z_of(many)) == []


@pytest.mark.study
def test_wrong_powers_and_wrong_errors_would_be_found(many):
    stderr = np.median([one.measured.stderr for one in exponents(cells(many))])
    assert wrong(z_of(many, shift=stderr))
    assert wrong(z_of(many, scale=1.5))
    assert wrong(z_of(many, scale=0.7))


@pytest.mark.study
def test_residuals_from_a_power_law_are_as_likely_as_they_say(many):
    """p of a right law is uniform: Kolmogorov's largest distance, so large by chance once in 10 000."""
    p = np.sort([one.p_value for one in exponents(cells(many))])
    distance = np.max(np.abs(p - (np.arange(len(p)) + 0.5) / len(p))) + 0.5 / len(p)
    assert distance < 2.22 / math.sqrt(len(p))


def test_the_powers_of_n_of_one_study_are_near_the_exact_ones(tmp_path):
    """Of sixty repetitions the tests above ask more. |z| > 5 by chance in two of a million."""
    found = exponents(cells(of(tmp_path, {"shots": 400}, sweep={"num_qubits": [2, 3, 5]})))
    assert len(found) == 4
    for one in found:
        assert one.exact == pytest.approx(EXACT[one.names["probe"], one.quantity], abs=2e-3)
        assert one.measured.stderr < 0.5
        assert abs(one.measured.value - one.exact) < 5 * one.measured.stderr


def test_seeds_are_averaged_and_their_errors_shrink(tmp_path):
    results = of(tmp_path, sweep={"num_qubits": [2], "seed": {"from": 1, "to": 9}})
    (ghz, product) = cells(results)
    rows = [row for row, probe in enumerate(results.trials.values["probe"]) if probe == "ghz"]
    values = [results.trials.values["integrated_gain_s"][row] for row in rows]
    errors = [results.trials.values["integrated_gain_stderr_s"][row] for row in rows]
    assert ghz.seeds == product.seeds == 9
    assert ghz.integrated_gain.value == pytest.approx(np.mean(values), rel=1e-12)
    assert ghz.integrated_gain.stderr == pytest.approx(np.sqrt(np.sum(np.square(errors))) / 9, rel=1e-12)
    assert ghz.integrated_gain_exact == pytest.approx(1.0, rel=1e-9)


def test_a_trial_that_stands_twice_counts_once(tmp_path):
    noises = [{"name": "a", "dephasing_rate": 0.1}, {"name": "b", "dephasing_rate": 0.1}]
    once = cells(of(tmp_path / "1", {"noise": noises}))
    twice = cells(of(tmp_path / "2", {"noise": noises}, sweep={"noise[1].dephasing_rate": [0.1, 0.2, 0.3]}))
    assert [cell.seeds for cell in twice] == [1] * len(twice)
    assert [c.integrated_gain for c in twice if c.names["noise"] == "a"] == [
        c.integrated_gain for c in once if c.names["noise"] == "a"
    ]


def test_trials_of_different_rates_of_each_spin_are_not_averaged(tmp_path):
    rates = [[0.1, 0.2], [0.3, 0.4], 0.5]
    found = cells(of(tmp_path, sweep={"noise.dephasing_rate": rates}))
    assert [cell.seeds for cell in found] == [1] * 6
    assert len({cell.integrated_gain_exact for cell in found}) == 5  # at equal rates GHZ and product have the same


def test_until_when_ghz_leads_is_what_a_run_of_the_same_says(tmp_path):
    run_spec = {**studies.RUN, "num_qubits": [2, 4], "shots": 4000, "noise": ["dephasing", "emission"]}
    record = run(RunSpec.from_dict({"schema": 1, "name": "one", **run_spec}), tmp_path / "records")
    expected = {(row["noise"], row["num_qubits"]): row for row in record.read_json("summary.json")["crossovers"]}
    found = leads(cells(of(tmp_path, run_spec)))
    assert len(found) == len(expected) == 4
    for one in found:
        row = expected[one.names["noise"], one.names["num_qubits"]]
        assert (one.measured.value, one.measured.stderr) == (row["crossover_s"], row["crossover_stderr_s"])
        assert one.exact == pytest.approx(row["crossover_exact_s"], rel=1e-9)
        assert one.ratio.value == row["ratio"]
        assert one.ratio.stderr == pytest.approx(row["ratio_stderr"], rel=1e-12)
        assert one.ratio_exact == pytest.approx(row["ratio_exact"], rel=1e-12)


def test_a_classical_readout_is_not_compared_with_the_quantum_crossing(tmp_path):
    estimator = [{"estimator": "parameter_shift", "readout": "collective_x", "shots": 2000}]
    found = leads(cells(of(tmp_path, {"estimators": estimator, "noise": ["emission"], "num_qubits": [2, 4]})))
    assert {one.exact for one in found} == {None}


def test_a_product_without_any_signal_makes_no_ratio(tmp_path):
    results = of(tmp_path)
    row = results.trials.values["probe"].index("product")
    values = list(results.trials.values["integrated_gain_s"])
    values[row] = 0.0
    trials = Columns({**results.trials.values, "integrated_gain_s": values}, results.trials.attributes)
    results = replace(results, trials=trials)
    found = cells(results)
    (pair,) = leads(found)
    assert pair.ratio is None
    assert summarize(results, found)["crossovers"][0]["ratio"] is None
    assert figures(found)


def test_a_ratio_to_what_may_be_zero_is_a_bound_or_not_known_wherever_it_is_shown(tmp_path):
    """𝓘 of the product probe is noise about 0: the quotient, 3e15 at this draw, would have 19 digits on the page."""
    for folder, errors, expected in (("bound", (0.1, 0.5), "or more"), ("any", (9.0, 0.5), "not known")):
        results = of(tmp_path / folder)
        place = [results.trials.values["probe"].index(name) for name in ("ghz", "product")]
        changed = {name: list(results.trials.values[name]) for name in (*VALUE,)}
        for row, value, error in zip(place, (5.0, 1.6e-15), errors, strict=True):
            changed[VALUE[0]][row], changed[VALUE[1]][row] = value, error
        results = replace(results, trials=Columns({**results.trials.values, **changed}, results.trials.attributes))
        summary = write_report(results, tmp_path / folder, Columns({}))
        (row,) = summary["crossovers"]
        assert row["ratio"] > 1e15
        assert row["ratio_high"] is None
        console = Console(width=80, file=io.StringIO(), highlight=False)
        print_tables(console, summary)
        read = html_pages.Page(page([study_part(tmp_path / folder)]))
        (table,) = (text for text in read.text("table") if "ratio, exact" in text)
        for text in (console.file.getvalue(), table):
            assert expected in text
            assert not re.search(r"\d{7}", text)
        assert leads(cells(results))[0].known_ratio is None


FIGURES = {
    "one size, one rate": {},
    "seeds alone": {"sweep": {"seed": [1, 2, 3]}},
    "sizes": {"sweep": {"num_qubits": [1, 2, 3, 4]}},
    "rates": {"sweep": {"noise.dephasing_rate": [0.1, 1.0, 10.0]}},
    "a map": {"sweep": {"num_qubits": [2, 3], "noise.dephasing_rate": [0.1, 1.0]}},
    "three probes": {"run": {"probes": ["ghz", "product", "dicke_x:1"], "estimators": "tomography"},
                     "sweep": {"num_qubits": [2, 3]}},
    "one product": {"run": {"probes": "product"}, "sweep": {"num_qubits": [1, 5]}},
    "negative and few shots": {"run": {"shots": 5}, "sweep": {"num_qubits": [1, 2, 3], "seed": [1, 2]}},
    "rates of each spin": {"sweep": {"noise.dephasing_rate": [[0.1, 0.2], 0.3]}},
    "no field": {"sweep": {"field_rad_per_s": [0.0, 1.0, -1.0]}},
    "many axes": {"run": {"probes": "ghz", "times_s": [0.2, 0.6]},
                  "sweep": {"num_qubits": [2, 3], "shots": [20, 30], "field_rad_per_s": [0.1, 0.2],
                            "allocation": ["equal", "optimal"], "noise.emission_rate": [0.1, 0.3]}},
    "tables": {"sweep": {"noise": ["dephasing", {"dephasing_rate": 3.0}], "times_s": [[0.1, 0.2], [0.3]]}},
    "estimators": {"run": {"estimators": ["auto", "tomography", "parameter_shift"]}, "sweep": {"num_qubits": [1, 2]}},
}  # fmt: skip


@pytest.mark.drawn("png")
@pytest.mark.parametrize(
    "name",
    [
        further(name) if name in ("seeds alone", "rates", "one product", "rates of each spin", "no field") else name
        for name in FIGURES
    ],
)
def test_every_study_has_figures_made_without_a_warning(tmp_path, name):
    results = of(tmp_path, **FIGURES[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = figures(cells(results))
    assert set(made) in (
        {"integrated_gain.png", "integrated_gain.svg"},
        {"integrated_gain.png", "integrated_gain.svg", "lead.png", "lead.svg"},
    )
    assert all(content.startswith((b"\x89PNG", b"<?xml")) for content in made.values())


def test_a_report_is_complete_when_its_summary_is_there_and_forgets_mended_failures(tmp_path):
    results = of(tmp_path)
    folder = tmp_path / "report"
    failed = Columns.of_rows([{"trial": "x", "reason": "y"}])
    write_report(results, folder, failed)
    assert (folder / "failures.csv").read_text() == "trial,reason\nx,y\n"
    write_report(results, folder, Columns.of_rows([]))
    assert {path.name for path in folder.iterdir()} == {
        "trials.csv", "curves.csv", "tables.json", "summary.json", "integrated_gain.png", "integrated_gain.svg",
        "lead.png", "lead.svg",
    }  # fmt: skip
    (tmp_path / "file").write_text("")
    with pytest.raises(ContentError, match="cannot be written"):
        write_report(results, tmp_path / "file", failed)


@pytest.mark.parametrize(("key", "values"), [
    ("noise.collective_dephasing_rate", [0.01, 0.5]),
    ("noise.depolarizing_rate", [0.1, 0.5]),
])  # fmt: skip
def test_a_swept_rate_without_a_column_of_its_own_is_one(tmp_path, key, values):
    run = {"noise": {} if key != "noise.collective_dephasing_rate" else {"dephasing_rate": 0.1}, "num_qubits": 2}
    results = of(tmp_path, {**run, "probes": ["product"]}, sweep={key: values})
    assert results.trials.attributes["swept"] == [key]
    assert results.trials.values[key] == values
    assert len(cells(results)) == 2


def test_a_swept_rate_with_a_column_of_its_own_has_it_once(tmp_path):
    results = of(tmp_path, {"num_qubits": 2, "probes": ["product"]}, sweep={"noise.dephasing_rate": [0.1, 0.5]})
    assert results.trials.attributes["swept"] == []
    assert results.trials.values["dephasing_rate_per_s"] == [0.1, 0.5]


def test_figure_and_page_choose_the_same_levels_of_many():
    items = [type("One", (), {"names": {"rate": rate}})() for rate in range(6)]
    assert levels_of(items, "rate") == ([0, 2, 3, 5], 6)
    assert levels_of(items[:4], "rate") == ([0, 1, 2, 3], 4)
