"""What an estimator of an extension gets wrong is refused in one line that names the estimator, before results."""

from abc import abstractmethod
from dataclasses import dataclass

import pytest

import qsense
from qsense.errors import ArgumentError, QsenseError, SpecError
from qsense.estimators import Estimate, Estimator, Option, TimeTable
from qsense.estimators.product.method import ProductSpins
from qsense.estimators.registry import POINT_COLUMNS, RECORD_TABLES
from qsense.runs import columns

pytestmark = pytest.mark.usefixtures("without_figures")

SPEC = {
    "schema": 1,
    "name": "toy",
    "probes": "product",
    "num_qubits": 2,
    "noise": "dephasing",
    "field_rad_per_s": 0.2,
    "shots": 100,
    "seed": 7,
    "backend": "emulator",
}


def some_rows(self, counts, estimate):
    return [{"wrong": 1}] if self.fails == "rows" else [{"code": "007", "digits": "7", "number": 0.5}]


@dataclass(frozen=True)
class Toy(ProductSpins):
    fails: str = ""
    name = "toy"
    options = {
        "fails": Option(""),
        "mode": Option("plain"),
        "spins": Option((0,)),
        "gains": Option((1.0,)),
        "free": Option(()),
    }
    tables = (TimeTable("toy.csv", ("code", "digits", "number"), some_rows, texts=("digits",)),)

    @classmethod
    def reason(cls, probe):
        return None

    @classmethod
    def for_probe(cls, probe, fails, **others):
        if fails == "for_probe":
            raise RuntimeError("broken\nin two lines")
        return cls(probe.num_qubits, fails=fails)

    def design(self, phase):
        return None if self.fails == "design" else super().design(phase)

    def estimate(self, counts, rng):
        if self.fails == "estimate":
            raise ZeroDivisionError("its own fault")
        numbers = {"nan": (float("nan"), 1.0), "inf": (1.0, float("inf")), "negative": (1.0, -1.0)}
        if self.fails == "nothing":
            return None
        return Estimate(*numbers[self.fails]) if self.fails in numbers else super().estimate(counts, rng)

    def quantity(self, probe):
        return 3 if self.fails == "quantity" else super().quantity(probe)


@pytest.fixture
def toy():
    qsense.register_estimator(Toy)
    yield
    qsense.unregister_estimator("toy")


def run(folder, **options):
    return qsense.run(qsense.RunSpec.from_dict({**SPEC, "estimators": {"estimator": "toy", **options}}), folder)


@pytest.mark.parametrize(
    ("fails", "message"),
    [
        ("for_probe", r"RuntimeError: broken in two lines"),
        ("design", r"TypeError: cannot unpack"),
        ("estimate", r"at t = .* s failed \(ZeroDivisionError: its own fault\)"),
        ("nothing", r"at t = .* s, NoneType; `estimate` must return an Estimate"),
        ("nan", r"at t = .* s, the estimate nan ± 1\.0"),
        ("inf", r"at t = .* s, the estimate 1\.0 ± inf"),
        ("negative", r"at t = .* s, the estimate 1\.0 ± -1\.0"),
        ("quantity", r"`quantity` must return"),
        ("rows", r'for "toy\.csv" a row with the columns wrong; they must be those declared: code, digits, number'),
    ],
)
def test_an_estimator_that_fails_is_named_before_results_are_written(toy, tmp_path, fails, message):
    with pytest.raises(QsenseError, match=message) as raised:
        run(tmp_path, fails=fails)
    assert "\n" not in str(raised.value)
    assert f'the estimator "toy(fails={fails})"' in str(raised.value)
    assert not list(tmp_path.glob("*/*.csv"))


def test_cells_of_its_table_come_back_as_written(toy, tmp_path):
    row = run(tmp_path).read_csv("toy.csv")[0]
    assert (row["code"], row["digits"], row["number"], row["num_qubits"]) == ("007", "7", 0.5, 2)
    assert isinstance(row["time_s"], float)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("spins", ["a"], "a list whose elements are a whole number, but has 'a'"),
        ("spins", [0.5], "a whole number"),
        ("spins", [True], "a whole number"),
        ("spins", [], "at least one element"),
        ("spins", 3, "should be a list"),
        ("gains", [float("inf")], "a finite number"),
        ("gains", ["a"], "a finite number"),
        ("free", [[1]], "text or a finite number"),
    ],
)
def test_elements_of_list_options_are_checked(toy, key, value, message):
    with pytest.raises(SpecError, match=rf"key `estimators\[0\]\.{key}`: .*{message}"):
        qsense.RunSpec.from_dict({**SPEC, "estimators": {"estimator": "toy", key: value}})
    assert Option((1.0,)).checked("gains", [1, 2.5]) == (1.0, 2.5)
    assert Option(()).checked("free", []) == ()
    with pytest.raises(ArgumentError, match=r"should be a whole number, one of 0, 1, 2, but is '2'\."):
        Option(0, (0, 1, 2)).checked("order", "2")


def test_options_of_the_same_text_give_different_names(toy):
    entries = [{"fails": "s"}, {"mode": "s"}, {"mode": "s, fails=x"}, {"mode": "s", "fails": "x"}, {"mode": "a\nb"}]
    spec = qsense.RunSpec.from_dict({**SPEC, "estimators": [{"estimator": "toy", **entry} for entry in entries]})
    names = [one.name for one in spec.estimators]
    assert len(set(names)) == len(names)
    assert names[:2] == ["toy(fails=s)", "toy(mode=s)"]
    assert all(name.isprintable() for name in names)


def changed(**changes):
    return type("Changed", (Toy,), {"name": "changed", "__module__": __name__, **changes})


class Plain(Estimator):
    name = "changed"
    for_probe = classmethod(lambda cls, probe: cls())
    design = estimate = quantity = lambda self, *arguments: None


def table(name, *columns, **more):
    return {"tables": (TimeTable(name, columns or ("code",), some_rows, **more),)}


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (changed(name=3), "lower-case letters, digits and _, but is"),
        (changed(options={"x": 5}), "The option `x` must be a qsense.estimators.Option"),
        (changed(options={"t-x y": Option("a")}), "The name of an option must be"),
        (changed(options={"x": Option(None)}), "The default of the option `x`"),
        (changed(options={"x": Option((1, "a"))}), "The default of the option `x`"),
        (changed(estimate=abstractmethod(lambda self: 0)), "does not define `estimate`"),
        (Plain, "must be a frozen dataclass"),
        (changed(tables=(3,)), "no TimeTable"),
        (changed(**table("spec.toml")), "plain file name ending in .csv"),
        (changed(**table("../esc.csv")), "plain file name ending in .csv"),
        (changed(**table("counts/x.csv")), "plain file name ending in .csv"),
        (changed(**table(".csv")), "plain file name ending in .csv"),
        (changed(**table("Estimates.csv")), "is one of every record"),
        (changed(**table("fits.csv")), "is one of every record"),
        (changed(**table("spins.csv")), 'Another table has the file name "spins.csv"'),
        (changed(**table("own.csv", "probe")), "cannot have the column 'probe'"),
        (changed(**table("own.csv", texts=("other",))), "has no column 'other'"),
    ],
)
def test_a_wrong_declaration_is_refused(estimator, message):
    try:
        with pytest.raises(ArgumentError, match=message):
            qsense.register_estimator(estimator)
    finally:
        with pytest.raises(ArgumentError, match=r"entry point in the group qsense\.estimators"):
            qsense.unregister_estimator("changed")


def test_the_reserved_names_are_those_of_a_record(toy, tmp_path):
    qsense.unregister_estimator("toy")
    record = qsense.run(qsense.RunSpec.from_dict({**SPEC, "estimators": "auto"}), tmp_path)
    assert {path.name for path in record.path.glob("*.csv")} - {"spins.csv"} == set(RECORD_TABLES)
    assert (*columns.POINT_COLUMNS, "time_s", "gain_exact") == POINT_COLUMNS
    qsense.register_estimator(Toy)
