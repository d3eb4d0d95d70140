"""The first sentence of a report answers what the run was for, and a plan's page draws what it foresaw."""

import json
import shutil

import html_pages
import in_process
import numpy as np
import pytest

import qsense
from qsense.comparison.asked import _begun, said_first
from qsense.comparison.beside_plan import at_time
from qsense.comparison.refused import refusals
from qsense.reports.page import page
from qsense.reports.page.beside import beside_part
from qsense.reports.page.plan import plan_part
from qsense.reports.page.record import record_part
from qsense.runs.planned import PlannedRow
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec

RATE = 0.5  # 1/s: G = N² e^(−4Nγt) of GHZ, N e^(−4γt) of product spins, which cross at ln 2/(4γ) for N = 2
CROSSING = np.log(2) / (4 * RATE)
ASSUMED = "qubit 7: T2 is not reported, 2 T1 stands for it"


def planned(goal, scale=1.0):
    """A spec with the plan of two spins that a person could compute, its times in units of `scale` s."""
    times = np.array([0.0, 0.01, 0.1, 0.3, 0.6, 1.2, 3.0])
    rows = []
    for probe, start, rate in (("ghz", 4.0, 8 * RATE), ("product", 2.0, 4 * RATE)):
        gain = start * np.exp(-rate * times)
        row = {
            "probe": probe, "num_qubits": 2, "readout": "loss_flag" if probe == "ghz" else "local_x",
            "times_s": [float(t) for t in times * scale], "gain": gain.tolist(),
            "gain_low": (0.8 * gain).tolist(), "gain_high": (1.1 * gain).tolist(),
            "integrated_gain_s": start / rate * scale, "integrated_gain_low_s": 0.8 * start / rate * scale,
            "integrated_gain_high_s": 1.2 * start / rate * scale, "best_time_s": 0.3 * scale,
        }  # fmt: skip
        if probe == "ghz":
            row |= {f"leads_until_{end}s": part * CROSSING * scale for end, part in (("", 1), ("low_", 0.7))}
            row["leads_until_high_s"] = 1.5 * CROSSING * scale
        rows.append(row)
    return {
        "schema": 1, "name": "pair", "probes": ["ghz", "product"], "num_qubits": [2],
        "noise": {"name": "lab", "dephasing_rate": RATE / scale}, "estimators": ["auto"],
        "field_rad_per_s": 0.2 / scale, "shots": 4000, "seed": 3,
        "times_s": [float(t) * scale for t in (0.05, 0.3, 0.8, 1.6)],
        "plan": {"goal": goal, "source": "lab", "advice": "Use GHZ.", "assumed": [ASSUMED], "rows": rows},
    }  # fmt: skip


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        return qsense.run(RunSpec.from_dict(planned("crossover")), tmp_path_factory.mktemp("records"))


def changed(record, folder, summary=None, goal=None, **files):
    """The record with another summary, another goal of its plan or more files."""
    shutil.copytree(record.path, folder)
    if summary is not None:
        (folder / "summary.json").write_text(json.dumps(summary))
    if goal is not None:
        spec = folder / "spec.toml"
        spec.write_text(spec.read_text().replace('goal = "crossover"', f'goal = "{goal}"'))
    for name, data in files.items():
        (folder / f"{name}.json").write_text(json.dumps(data))
    return RunRecord.load(folder)


def test_a_run_for_the_crossover_says_until_when_measured_and_planned(record):
    (row,) = record.summary()["crossovers"]
    said = html_pages.Page(page([record_part(record)])).check().text("p", **{"class": "verdict"})[0]
    first = said.split(". ")[0]
    assert first.startswith("GHZ leads until t = ")
    for end in (row["crossover_low_s"], row["crossover_high_s"], CROSSING):
        assert f"{1000 * end:.3g}" in first
    assert f"planned: {1000 * CROSSING:.3g} ms (95 %: {700 * CROSSING:.3g} ms … {1500 * CROSSING:.3g} ms)" in first
    assert "Over the whole window" in said


def test_a_run_for_the_rate_says_the_decibels_at_the_best_times(record, tmp_path):
    rows = [r for r in record.read_csv("estimates.csv") if r["time_s"] == 0.3]
    ghz, product = (next(r for r in rows if r["probe"] == probe) for probe in ("ghz", "product"))
    ratio = 10 * np.log10(ghz["gain"] / product["gain"])
    reach = 1.96 * 10 / np.log(10) * np.hypot(ghz["stderr"] / ghz["gain"], product["stderr"] / product["gain"])
    ends = f"{ratio:+.2f} dB (95 %: {ratio - reach:+.2f} … {ratio + reach:+.2f})".replace("-", "−")
    said = said_first(changed(record, tmp_path / "x", goal="rate"))
    assert ends in said
    assert f"planned: {10 * np.log10(2 * np.exp(-4 * RATE * 0.3)):+.2f} dB" in said
    assert "Over the whole window" not in said


def test_a_run_for_the_integral_says_it_beside_the_planned_one(record, tmp_path):
    said = said_first(changed(record, tmp_path / "x", goal="img"))
    assert said.startswith("𝓘 of GHZ is ")
    assert "(planned: 1, 95 % 0.8 … 1.2 s)" in said


def test_rounds_say_whether_what_was_asked_was_reached(record, tmp_path):
    about = {"schema": 1, "goal": "crossover", "error": 0.05, "is_share": True, "rounds": []}
    more = {**about, "reached": False, "stopped": "1000 shots are the most"}
    said = said_first(changed(record, tmp_path / "x", goal="img", rounds=more))
    assert said.startswith("GHZ leads until")
    assert "The crossing was asked for to ±5 % (95 %): not reached, 1000 shots are the most." in said


def test_what_counts_refuse_is_said_with_the_verdict(record, tmp_path):
    good = record.summary()
    assert "But " not in said_first(record)
    (row,) = good["crossovers"]
    why = "auto assumes of ghz what its counts refuse, exchange (p = 1e-09)"
    withheld = {**row, "withheld": why, "until": None, "ratio": None, "ratio_stderr": None}
    said = said_first(changed(record, tmp_path / "withheld", {**good, "crossovers": [withheld]}))
    assert "until when GHZ leads is not told" in said.lower().replace("ghz", "GHZ")
    assert f"No verdict on GHZ and product: {why} (N = 2)." in said
    both = [row, {**withheld, "estimator": "parity"}]
    said = said_first(changed(record, tmp_path / "another", {**good, "crossovers": both}))
    assert f"But parity is not used: {why} (N = 2)." in said
    rows = [
        {**one, "assumptions": [{"name": "alike spins", "held": False, "consequence": "x"}]} for one in good["rows"]
    ]
    said = said_first(changed(record, tmp_path / "refused", {**good, "rows": rows}))
    assert f"the counts refuse what {good['rows'][0]['estimator']} assumes of GHZ: alike spins (N = 2)" in said


def test_what_counts_refuse_is_said_of_every_size_and_probe():
    assumed = [{"name": "readout calibrated", "held": False, "consequence": "x"}]
    names = [(probe, size) for probe in ("ghz", "product") for size in (2, 3)]
    rows = [
        {"probe": p, "num_qubits": n, "noise": "lab", "estimator": "auto", "assumptions": assumed} for p, n in names
    ]
    said = refusals({"rows": rows, "crossovers": []})
    parts = [
        f"the counts refuse what auto assumes of {name}: readout calibrated (N = 2, 3)" for name in ("GHZ", "product")
    ]
    assert said == f"But {'; '.join(parts)}."


def test_a_run_for_the_gain_says_how_well_it_is_known_at_every_time(record, tmp_path):
    about = {"schema": 1, "goal": "gain", "error": 0.05, "is_share": True, "rounds": []}
    said = said_first(changed(record, tmp_path / "x", rounds=about))
    for probe, name in (("ghz", "GHZ"), ("product", "product")):
        own = [r for r in record.read_csv("estimates.csv") if r["probe"] == probe]
        largest, reach = max(r["gain"] for r in own), 1.959964 * max(r["stderr"] for r in own)
        known = f"known to ±{reach:.2g} ({100 * reach / largest:.2g} %) at every time"
        assert f"G of {name} of N = 2 under lab is {largest:.4g} at most and {known}" in said


def test_a_sentence_changes_neither_a_name_nor_a_symbol_at_its_beginning(record, tmp_path):
    about = {"schema": 1, "goal": "field", "error": 0.05, "is_share": True, "rounds": [], "reached": True}
    assert "φ was asked for" in said_first(changed(record, tmp_path / "x", rounds=about))
    assert not _begun("one_axis:0.17 of N = 4 has").startswith("O")


def test_planned_values_between_the_planned_times_are_not_on_straight_lines():
    times = np.geomspace(0.01, 3, 17)
    gain = (4 * np.exp(-(times**2))).tolist()  # its logarithm is no straight line
    own = {"probe": "ghz", "num_qubits": 2, "readout": "any", "times_s": times.tolist()}
    whole = {f"integrated_gain_{end}s": 1.0 for end in ("", "low_", "high_")}
    row = PlannedRow(**own, gain=gain, gain_low=gain, gain_high=[*gain[:-1], 0.0], **whole)
    for time in (0.68, 1.1):
        assert at_time(row, time) == pytest.approx(4 * np.exp(-(time**2)), rel=3e-3)
    assert at_time(row, 3.0, row.gain_high) < 1e-200


def lines_of(read, kind):
    """The points of the lines of the pictures of a kind."""
    place = next(k for k, e in enumerate(read.elements) if e[1].get("class") == f"chart {kind}")
    inside = read.elements[place + 1 :]
    end = next((k for k, e in enumerate(inside) if e[0] == "svg"), len(inside))
    found = [e[1]["points"] for e in inside[:end] if e[0] == "polyline"]
    forecast = next(k for k, e in enumerate(inside) if e[1].get("class", "").startswith("forecast"))
    path = next(e[1]["d"] for e in inside[forecast:] if e[0] == "path")
    return [np.array([[float(v) for v in pair.split(",")] for pair in one.split()]) for one in found], path


@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_a_plan_is_drawn_smoothly_at_any_unit_of_time_and_marks_the_crossing(scale):
    spec = planned("crossover", scale)
    read = html_pages.Page(page([plan_part(spec["plan"], "p.toml", RunSpec.from_dict(spec))])).check()
    (ghz, product), path = lines_of(read, "even")
    end = 1.5  # s: three times 𝓘/G(0) of product spins
    top = 1.05 * 1.1 * 4
    for drawn, start, rate in ((ghz, 4, 8 * RATE), (product, 2, 4 * RATE)):
        times = np.linspace(0, 0.9 * end, 50)
        expected = 200 - 190 * start * np.exp(-rate * times) / top
        assert np.abs(np.interp(50 + 300 * times / end, drawn[:, 0], drawn[:, 1]) - expected).max() < 0.4
    assert path == f"M{50 + 300 * CROSSING / end:.1f} 10V200"
    titles = [text for text in read.text("title") if "leads until" in text]
    assert any("95 %" in text for text in titles)


def test_the_page_of_a_plan_says_what_was_asked_and_assumed():
    spec = planned("crossover")
    read = html_pages.Page(page([plan_part(spec["plan"], "p.toml", RunSpec.from_dict(spec))])).check()
    assert read.text("h1") == [f"Plan under lab: dephasing {RATE} 1/s"]
    assert "What was asked" in read.text("h2")
    facts = dict(zip(read.text("dt"), read.text("dd"), strict=True))
    assert facts["planned for"] == "until when GHZ leads"
    assert (facts["spins"], facts["probes"]) == ("2", "GHZ, product")
    assert ASSUMED in read.text("p")


def test_the_page_of_an_answer_draws_until_when_each_probe_leads():
    plan = qsense.plan_sensing(noise=qsense.LocalNoise(dephasing=RATE), num_qubits=2, goal="crossover", shots=10**6)
    answer = {**json.loads(json.dumps(plan.to_dict())), "assumed": [ASSUMED]}
    read = html_pages.Page(page([plan_part(answer, "p.json")])).check()
    assert read.text("h1") == [f"Plan under dephasing {RATE} 1/s"]
    assert "until when G is above that of product spins" in read.text("figcaption")
    assert ASSUMED in read.text("p")
    known = plan.row("ghz", 2).intervals["leads_until_s"]
    said = f"GHZ: {1e3 * known.value:.4g} (95 %: {1e3 * known.low:.4g} … {1e3 * known.high:.4g}) at 2"
    assert any(said in text for text in read.text("title"))


@pytest.fixture(scope="module")
def many(record, tmp_path_factory):
    """The record fourteen times, as runs of other names, of which every third loses and the others gain."""
    folder, found = tmp_path_factory.mktemp("many"), []
    good = record.summary()
    (row,) = good["crossovers"]
    for number in range(14):
        ratio = 0.8 if number % 3 == 0 else 1.5
        told = {"ratio": ratio, "ratio_low": ratio - 0.1, "ratio_high": ratio + 0.1, "ratio_p_value": 1e-6}
        one = changed(record, folder / f"r{number}", {**good, "crossovers": [{**row, **told}]})
        spec = one.path / "spec.toml"
        spec.write_text(spec.read_text().replace('name = "pair"', f'name = "run{number}"'))
        (one.path / "report.html").write_bytes(b"")
        found.append(one.path)
    return found


def test_many_records_have_a_row_each_and_it_says_what_is_not_drawn(many, tmp_path):
    records = [RunRecord.load(path) for path in many]
    html_pages.Page(page([], beside_part(records))).check()  # without links to pages beside it
    read = html_pages.Page(page([], beside_part(records, many[0].parent / "all.html")))
    said = read.text("p", **{"class": "verdict"})[0]
    assert "of 14 comparisons over the whole window the first probe gains more in 9 and less in 5" in said
    table = next(e for e in read.elements if e[0] == "table" and e[1].get("class") == "sorted")
    links = [e for e in read.of("a") if e[1]["href"].endswith("report.html")]
    assert [("".join(e[3]), e[1]["href"]) for e in links] == [(f"run{n}", f"r{n}/report.html") for n in range(14)]
    assert "".join(table[3]).count("GHZ loses 20 % against product") == 5
    notes = " ".join(read.text("p"))
    assert "The curves of the first 8 of 14 records are drawn, a colour each" in notes
    assert "more than 12" in notes
    marks = [text for text in read.text("title") if text.startswith("GHZ over product, N = 2: 50 (95 %: 40 … 60)")]
    assert len(marks) == 9


def test_a_colour_stands_for_one_record_and_a_line_for_a_probe(many):
    read = html_pages.Page(page([], beside_part([RunRecord.load(path) for path in many[:8]])))
    place = next(k for k, e in enumerate(read.elements) if e[0] == "h2" and "".join(e[3]) == "Gain over time")
    lines = [e[1]["class"] for e in read.elements[place:] if e[0] == "g" and e[1].get("class", "").startswith("exact")]
    drawn = lines[: len(lines) // 2]  # the other half has logarithmic axes
    assert sorted(drawn) == sorted(f"exact c{k}{dash}" for k in range(8) for dash in ("", " dashed"))


def test_the_command_takes_more_records_than_it_has_room_for_in_full(many, tmp_path, monkeypatch, capsys):
    page_of = tmp_path / "all.html"
    assert in_process.qsense(monkeypatch, capsys, "report", *many, "--out", page_of)[0] == 0
    read = html_pages.Page(page_of.read_bytes())
    assert len(read.of("article")) == 1
    assert page_of.stat().st_size < 400_000
