"""The report: one file that says the verdict first, draws what was measured, and lets no name do anything."""

import json
import shutil
from functools import partial

import forked
import html_pages
import in_process
import numpy as np
import pytest

import qsense
from qsense.errors import ContentError, RecordError
from qsense.reports.page import page
from qsense.reports.page.beside import beside_part
from qsense.reports.page.blocks import Charts, Circuits, Facts, Listing, Part, Qubits, Section, Table, Texts
from qsense.reports.page.charts import Chart, Layer, Mark, x_axis, y_axis
from qsense.reports.page.circuit_drawing import Drawing, Gate
from qsense.reports.page.device_map import device_map
from qsense.reports.page.field import field_told
from qsense.reports.page.files import report_files, reports_written
from qsense.reports.page.gain_panels import Look, Panel
from qsense.reports.page.plan import plan_part
from qsense.reports.page.record import record_part
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec

RATE = 0.5
SPEC = {
    "schema": 1, "name": "pair", "probes": ["ghz", "product"], "num_qubits": [2, 3],
    "noise": {"name": "lab", "dephasing_rate": RATE}, "estimators": ["auto"], "field_rad_per_s": 0.2, "shots": 4000,
    "seed": 3, "times_s": [0.05, 0.3, 0.8, 1.6],
}  # fmt: skip
EVIL = (
    "\"'></title></style></text><script>hacked=1</script><img src=x onerror=hacked=1>{{7*7}}</svg>"
    "\u202etxt\u2066\x1b[31m"
)
EVIL_STYLE = "} * { display: none } /* </style> */ c0 dashed ; url(//x.example) expression(1) "


@pytest.fixture(scope="module", autouse=True)
def no_figures_of_runs():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        yield


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return qsense.run(RunSpec.from_dict(SPEC), tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="module")
def made(record):
    return html_pages.Page(page([record_part(record)])).check()


@pytest.fixture
def command(monkeypatch, capsys):
    return partial(in_process.qsense, monkeypatch, capsys)


def charts(read, kind):
    """The pictures of a kind: the texts of the ticks of both axes and where they are, and what is drawn."""
    found = []
    for place, (tag, attributes, *_) in enumerate(read.elements):
        if tag == "svg" and attributes.get("class") == f"chart {kind}":
            inside = []
            for one in read.elements[place + 1 :]:
                if one[0] == "svg":
                    break
                inside.append(one)
            ticks = [("".join(e[3]), e[1]) for e in inside if e[0] == "text" and "transform" not in e[1]]
            y = {float(t.replace("−", "-")): float(a["y"]) - 3.5 for t, a in ticks if a["text-anchor"] == "end"}
            x = {float(t): float(a["x"]) for t, a in ticks if a["y"] == "216"}
            found.append((x, y, inside))
    return found


def along(ticks, values, is_log=False):
    """Where values are, by the two outermost ticks."""
    (low, start), (high, end) = min(ticks.items()), max(ticks.items())
    scale = np.log if is_log else np.asarray
    share = (scale(values) - scale(low)) / (scale(high) - scale(low))
    return start + share * (end - start)


def points(inside, layer):
    place = next(k for k, e in enumerate(inside) if e[0] == "g" and e[1].get("class") == layer)
    line = next(e for e in inside[place:] if e[0] == "polyline")
    return np.array([[float(one) for one in pair.split(",")] for pair in line[1]["points"].split()])


@pytest.mark.parametrize(("kind", "is_log"), [("even", False), ("log", True)])
def test_the_exact_curve_is_where_the_axes_say(made, kind, is_log):
    """Of product spins it is G = N e^(−4γt), of GHZ probes N² e^(−4Nγt)."""
    x, y, inside = charts(made, kind)[1]  # N = 3
    for layer, start, rate in (("exact c0", 9, 3 * 4 * RATE), ("exact c1 dashed", 3, 4 * RATE)):
        at = points(inside, layer)
        times = np.linspace(0.06, 1.2, 7)
        expected = along(y, start * np.exp(-rate * times), is_log)
        inside_picture = (expected < 199) & (expected > 11)
        drawn = np.interp(along(x, times, is_log), at[:, 0], at[:, 1])
        assert inside_picture.sum() >= 3
        assert np.abs(drawn - expected)[inside_picture].max() < (1.5 if is_log else 0.6)


def test_every_estimate_is_drawn_where_it_is_with_its_interval(record, made):
    rows = [row for row in record.read_csv("estimates.csv") if row["num_qubits"] == 2]
    x, y, inside = charts(made, "even")[0]
    marks = [e for e in inside if e[1].get("class") == "mark"]
    assert len(marks) == len(rows)
    texts = [
        "".join(e[3]) for e in inside if e[0] == "title" and "95 %: " in "".join(e[3]) and "cross" not in "".join(e[3])
    ]
    uses = [e[1] for e in inside if e[0] == "use"]
    bars = [
        e[1]["d"] for e in inside if e[0] == "path" and e[2][-1] == "g" and "V" in e[1]["d"] and "M50" not in e[1]["d"]
    ]
    for row in rows:
        near = [
            u
            for u in uses
            if abs(float(u["x"]) - along(x, row["time_s"])) < 4 and abs(float(u["y"]) - along(y, row["gain"])) < 0.2
        ]
        assert near
        ends = [round(float(along(y, row[key])), 1) for key in ("low", "high")]
        assert any(
            abs(float(bar.split()[1].split("V")[0]) - ends[0]) < 0.2 and abs(float(bar.split("V")[1]) - ends[1]) < 0.2
            for bar in bars
        )
        assert any(f"G = {row['gain']:.4g} (95 %: {row['low']:.4g} … {row['high']:.4g})" in text for text in texts)


def test_the_verdict_comes_first_and_says_what_the_verdicts_say(record, made):
    first = made.of("p")[0]
    assert first[1]["class"] == "verdict"
    assert made.text("h1") == ["pair"]
    said = "".join(first[3])
    for verdict in record.summary()["verdicts"]:
        where = verdict.split(":")[0].removeprefix("lab, N = ")
        outcome = (
            "no difference is seen"
            if "no difference is seen" in verdict
            else "gains"
            if "it gains" in verdict
            else "loses"
        )
        assert outcome in said
        assert where in said
        assert any(verdict in item for item in made.text("li"))


def test_what_was_asked_and_what_came_out_are_there(record, made):
    heads = made.text("h2")
    for title in (
        "What was asked", "Where it ran", "Gain over time", "Integrated gain", "One probe against the other",
        "Assumptions", "Spin by spin", "Readout", "Shots and cost", "Circuits", "Where the numbers come from",
    ):  # fmt: skip
        assert title in heads
    facts = dict(zip(made.text("dt"), made.text("dd"), strict=True))
    assert facts["probes"] == "GHZ, product"
    assert facts["noise"] == f"lab: dephasing {RATE} 1/s"
    assert facts["spec"] == record.spec.id
    assert facts["field φ"] == "0.2 rad/s"
    cells = made.text("td")
    for row in record.summary()["rows"]:
        assert f"{row['integrated_gain_low_s'] / 1e-3:.4g} … {row['integrated_gain_high_s'] / 1e-3:.4g}" in cells or (
            f"{row['integrated_gain_low_s']:.4g} … {row['integrated_gain_high_s']:.4g}" in cells
        )
    shots = sum(row["shots"] for row in record.summary()["rows"])
    assert any(f"{shots:,} shots".replace(",", " ") in text for text in made.text("p"))


def test_pictures_have_texts_in_their_place(made):
    pictures = [e for e in made.elements if e[0] == "svg" and e[1].get("aria-hidden") != "true"]
    assert len(pictures) >= 8
    for picture in pictures:
        assert picture[1]["role"] == "img"
        assert picture[1]["aria-labelledby"]
    assert all(len(text) > 20 for text in made.text("desc"))


def test_the_same_record_gives_the_same_page(record):
    assert page([record_part(record)]) == page([record_part(RunRecord.load(record.path))])


@pytest.fixture(scope="module")
def hostile(record, tmp_path_factory):
    """The record as somebody else may have sent it: what may be any text says something else to a browser."""
    path = tmp_path_factory.mktemp("hostile") / "x"
    shutil.copytree(record.path, path)
    summary = json.loads((path / "summary.json").read_text())
    summary["verdicts"] = [f"{EVIL} {one}" for one in summary["verdicts"]]
    for row in summary["rows"]:
        row["assumptions"] = [{**one, "name": EVIL_STYLE, "consequence": EVIL} for one in row["assumptions"]]
    (path / "summary.json").write_text(json.dumps(summary))
    provenance = json.loads((path / "provenance.json").read_text())
    (path / "provenance.json").write_text(json.dumps({**provenance, "platform": EVIL, "created": f"2026{EVIL}"}))
    return record_part(RunRecord.load(path))


def hostile_part():
    """A part with a block of every kind in which every text is hostile."""
    mark = Mark(60, 60, 50, 70, EVIL)
    layers = tuple(
        Layer(role, 0, 0, 0, True, True, "50,10 60,20", (mark,), ((50, 60),), EVIL)
        for role in ("exact", "band", "estimate")
    )
    chart = Chart(EVIL, EVIL, EVIL, EVIL, x_axis(0, 1), y_axis(0, 1), layers, ((60, EVIL),), 100.0, False, EVIL)
    look = Look({EVIL: 0}, {EVIL_STYLE: 0})
    drawing = Drawing(EVIL, EVIL, [30.0], height=60.0)
    drawing.append(EVIL, [Gate(EVIL, (0,))])
    blocks = (
        Texts((EVIL,)), Texts((EVIL, EVIL_STYLE)), Facts(((EVIL, EVIL),)), Table.of(EVIL, [{EVIL: EVIL}]),
        Table.of(EVIL, [{EVIL: EVIL}], is_folded=True), Charts.of([Panel(chart, chart)], look, EVIL),
        Qubits(device_map(EVIL, [(0, 1)], {0: EVIL})), Circuits((drawing,)), Listing(EVIL, (EVIL, EVIL_STYLE)),
    )  # fmt: skip
    return Part(EVIL, EVIL, EVIL, (Section(EVIL, blocks),))


def test_no_text_of_a_record_does_anything(hostile, made):
    read = html_pages.Page(page([hostile])).check()
    assert read.structure == made.structure
    assert sum("<script>hacked=1</script>" in text for text in read.text("li")) >= 2
    assert not set("\u202e\u2066\x1b") & set("".join(read.elements[0][3]))


def test_no_text_of_any_block_does_anything():
    content = page([hostile_part(), hostile_part()])
    read = html_pages.Page(content).check()
    known = (
        "html head meta title style body svg defs path main h1 h2 h3 nav ul li a article p section dl div dt dd table "
        "thead tbody tr th td details summary fieldset legend label input rect use figure figcaption g text polyline "
        "polygon circle desc pre span footer script"
    )
    assert {tag for tag, _ in read.structure} <= set(known.split())
    assert (len(read.of("script")), len(read.of("style")), len(read.of("article"))) == (1, 1, 2)
    assert not set("\u202e\u2066\x1b") & set(content.decode())
    assert read.text("h2")[0].startswith("\"'></title></style>")
    assert "{{7*7}}" in read.text("h2")[0]


def test_the_list_of_records_leads_to_reports(record, tmp_path, command):
    folder = tmp_path / "all"
    shutil.copytree(record.path, folder / record.path.name)
    shutil.copytree(record.path, folder / "b")
    (folder / "b" / "report.html").write_bytes(b"")
    command("records", folder, "--html")
    read = html_pages.Page((folder / "index.html").read_text())
    assert sorted(e[1]["href"] for e in read.of("a")) == ["b/report.html", f"{record.path.name}/"]


def test_the_command_writes_beside_what_it_is_of_or_where_it_is_told(record, tmp_path, command, monkeypatch):
    status, out, _ = command("report", record.path)
    assert (status, out) == (0, f"{record.path / 'report.html'}\n")
    (record.path / "report.html").unlink()
    other = tmp_path / "other"
    shutil.copytree(record.path, other)
    monkeypatch.chdir(tmp_path)
    status, out, _ = command("report", record.path, other, "--json")
    assert status == 0
    said = json.loads(out)
    assert said["file"] == "report.html"
    read = html_pages.Page((tmp_path / "report.html").read_bytes()).check()
    assert read.text("h2")[:2] == ["Side by side", "pair"]
    assert len(read.of("article")) == 3
    for words, why in (
        (("report", "nothing"), "not a record"),
        (("report", record.path, "--out", tmp_path / "no" / "x.html"), "choose another file (--out)"),
        (("report", record.path / "spec.toml"), "run spec without a plan"),
        (("report", record.path / "estimates.csv"), "give a plan"),
    ):
        status, _, err = command(*words)
        assert (status, err.count("\n"), why in err) == (2, 1, True)


def test_records_side_by_side_have_each_its_number(record):
    read = html_pages.Page(page([beside_part([record, record])])).check()
    heads = read.text("th")
    assert heads[-2:] == ["pair 1", "pair 2"] or len(set(heads[-2:])) == 2
    cells = read.text("td")
    row = next(r for r in record.summary()["rows"] if (r["probe"], r["num_qubits"]) == ("ghz", 2))
    size, unit = (1.0, "s") if row["integrated_gain_exact_s"] >= 1 else (1e-3, "ms")
    assert sum(cell.startswith(f"{row['integrated_gain_s'] / size:.4g} (") and unit in cell for cell in cells) == 2


def test_a_run_writes_it_beside_its_figures_unless_told_not_to(tmp_path, command):
    import tomli_w

    spec = tmp_path / "s.toml"
    spec.write_text(tomli_w.dumps({**SPEC, "num_qubits": [2], "shots": 100}))
    for more, is_there in (((), True), (("--no-report",), False)):
        with reports_written(True):
            assert command("run", spec, "--out", tmp_path / f"r{is_there}", "--json", *more)[0] == 0
        assert bool(list((tmp_path / f"r{is_there}").glob("*/report.html"))) == is_there


def test_what_cannot_be_made_is_a_warning_beside_tables(tmp_path, caplog):
    with reports_written(True):
        assert report_files(lambda: 1 / 0, tmp_path) == {}
    assert "the report could not be made (ZeroDivisionError" in caplog.text


def test_a_damaged_summary_is_said_in_one_line(record, tmp_path):
    path = tmp_path / "x"
    shutil.copytree(record.path, path)
    good = json.loads((path / "summary.json").read_text())
    for change in (
        {"crossovers": [{}]},
        {"rows": [{**good["rows"][0], "integrated_gain_low_s": "x"}]},
        {"verdicts": 3},
    ):
        (path / "summary.json").write_text(json.dumps({**good, **change}))
        with pytest.raises(RecordError, match="is damaged"):
            record_part(RunRecord.load(path))


def test_a_plan_is_drawn_from_its_json_and_from_its_spec(tmp_path, command):
    plan = qsense.plan_sensing(noise=qsense.LocalNoise(emission=0.1), num_qubits=(2, 4), goal="img")
    read = html_pages.Page(page([plan_part(json.loads(json.dumps(plan.to_dict())), "p.json")])).check()
    assert read.text("p", **{"class": "verdict"}) == [plan.advice.sentence]
    assert len(read.of("tr")) >= len(plan.rows)
    spec = plan.to_spec()
    read = html_pages.Page(page([plan_part(spec["plan"], "p.toml")])).check()
    _, y, inside = charts(read, "even")[0]
    start = points(inside, "exact c0")[0]
    assert abs(start[1] - along(y, spec["plan"]["rows"][0]["gain"][0])) < 0.2
    with pytest.raises(ContentError, match="is no plan"):
        plan_part({"rows": [{}], "goal": "img", "source": "x", "advice": "y"}, "p.json")
    (tmp_path / "p.json").write_text(json.dumps(plan.to_dict()))
    assert command("report", tmp_path / "p.json")[1] == f"{tmp_path / 'p.html'}\n"


def test_a_record_with_nan_in_a_table_is_refused_in_one_line_that_says_the_way_out(tmp_path, record):
    folder = tmp_path / "record"
    shutil.copytree(record.path, folder)
    lines = (folder / "estimates.csv").read_text().splitlines()
    place = lines[0].split(",").index("gain")
    rows = [line.split(",") for line in lines[1:]]
    spoilt = [",".join([*row[:place], "nan", *row[place + 1 :]]) for row in rows]
    (folder / "estimates.csv").write_text("\n".join([lines[0], *spoilt]) + "\n")
    done = forked.run("report", folder, "--out", tmp_path / "page.html")
    assert done.returncode == 2
    assert "damaged" in done.stderr
    assert "qsense estimate" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "page.html").exists()


def test_more_records_than_a_page_holds_are_refused(tmp_path):
    done = forked.run("report", *(f"record{number}" for number in range(1001)), cwd=tmp_path)
    assert done.returncode == 2
    assert "at most 1000" in done.stderr


def test_the_field_is_told_with_its_interval_or_not_told(record):
    rows = [row for row in record.summary()["rows"] if row.get("field_estimate_rad_per_s") is not None]
    table, how = field_told(rows)
    assert len(table.rows) == len(rows) > 0
    for cells, row in zip(table.rows, rows, strict=True):
        told = dict(zip(table.columns, cells, strict=True))
        if row["field_high_rad_per_s"] - row["field_low_rad_per_s"] < 1.99 * row["field_ambiguity_rad_per_s"]:
            assert float(told["φ (rad/s)"]) == pytest.approx(row["field_estimate_rad_per_s"], rel=1e-3)
            low, high = map(float, told["95 %"].split(" … "))
            ends = [row["field_low_rad_per_s"], row["field_high_rad_per_s"]]
            assert [low, high] == pytest.approx(ends, rel=1e-3)
        else:
            assert told["φ (rad/s)"] == "not told"
    assert how.lines[0].startswith("φ > 0 turns")
    wide = {**rows[0], "field_low_rad_per_s": -1.0, "field_high_rad_per_s": 1.0, "field_ambiguity_rad_per_s": 1.0}
    in_tesla = {"field_estimate_t": 2e-9, "field_low_t": 1e-9, "field_high_t": 3e-9, "field_ambiguity_t": 4e-6}
    narrow = {**rows[0], "field_low_rad_per_s": 0.1, "field_high_rad_per_s": 0.2, "field_ambiguity_rad_per_s": 9.0}
    table, _ = field_told([wide, {**narrow, **in_tesla}])
    first, second = (dict(zip(table.columns, cells, strict=True)) for cells in table.rows)
    assert (first["φ (rad/s)"], second["B"]) == ("not told", "2 nT (1 … 3)")
    assert field_told([{**rows[0], "field_estimate_rad_per_s": None}]) == ()
