"""What an extension gets wrong is refused in one line that names it, and stops nothing else."""

import importlib.metadata
from pathlib import Path

import pytest

import qsense
from qsense import backends, services
from qsense.backends import Vendor, catalogue
from qsense.backends.vendor import open_backend
from qsense.errors import ArgumentError, ContentError
from qsense.extensions import allowing
from qsense.extensions import entry_points as known

# What is installed


class Group:
    """The entry points of one distribution, in every group."""

    def __init__(self, *points):
        self.points = [importlib.metadata.EntryPoint(*point, "") for point in points]

    def __call__(self, *, group):
        return self.points if group.startswith("qsense.") else []


@pytest.fixture
def entry_points(monkeypatch):
    def install(*points):
        monkeypatch.setattr(importlib.metadata, "entry_points", Group(*points))
        known._points.cache_clear()

    with monkeypatch.context() as patch:
        patch.setattr(known, "_LOADED", {})
        patch.setattr(known, "_FAILED", set())
        yield install
    known._points.cache_clear()


@pytest.mark.parametrize(
    ("module", "group"),
    [
        ("qsense.estimators.registry", "qsense.estimators"),
        ("qsense.noise.kinds", "qsense.noises"),
        ("qsense.backends.vendor", "qsense.vendors"),
        ("qsense.tables.formats", "qsense.writers"),
    ],
)
def test_a_broken_entry_point_is_one_warning_and_stops_nothing(entry_points, caplog, module, group):
    entry_points(("zed", "no_such_module:THING"), ("csv", "builtins:print"), ("other", "math:pi"))
    load = importlib.import_module(module)._load_installed
    load()
    assert not caplog.records  # nothing is imported without consent
    with allowing(True):
        load()
        load()
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert f"zed = no_such_module:THING` ({group}) of an installed distribution: ModuleNotFoundError" in lines[0]
    assert "other = math:pi" in lines[2]


# Writers


@pytest.fixture
def writer():
    def register(function):
        qsense.register_writer("toy", function)

    yield register
    qsense.unregister_writer("toy")


def fails(*arguments):
    raise ZeroDivisionError("its own\nfault")


@pytest.mark.parametrize("name", ["../x.txt", "/tmp/x.txt", "a/b.txt", "a\\b", "", ".", "..", "c:x", 3])
def test_a_writer_cannot_leave_its_folder(writer, tmp_path, name):
    writer(lambda results: {"good.txt": b"x", name: b"x"})
    with pytest.raises(ContentError, match=r'The format "toy" names the file .*plain file name'):
        qsense.write_results(None, tmp_path / "out", "toy")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (fails, r'^The format "toy" failed \(ZeroDivisionError: its own fault\)'),
        (lambda results: None, 'The format "toy" gives NoneType'),
        (lambda results: {"x.txt": "text"}, 'The format "toy" gives str as the content of'),
    ],
)
def test_a_writer_that_fails_is_named(writer, tmp_path, function, message):
    writer(function)
    with pytest.raises(ContentError, match=message):
        qsense.write_results(None, tmp_path, "toy")


def test_a_writer_must_be_a_function():
    with pytest.raises(ArgumentError, match="must be a function"):
        qsense.register_writer("toy", None)
    with pytest.raises(ArgumentError, match=r"installed with an entry point in the group qsense\.writers"):
        qsense.write_results(None, Path("out"), "toy")


# Vendors


@pytest.mark.parametrize(
    "vendor", ["x", Vendor("emulator:x", fails), Vendor(3), Vendor("v", 3), Vendor("v", fails, simulators=("s",))]
)
def test_what_is_no_vendor_is_refused(vendor):
    with pytest.raises(ArgumentError):
        backends.register_vendor(vendor)


@pytest.mark.parametrize(("prefix", "connect"), [("a:b", fails), (3, fails), ("toy", None)])
def test_what_is_no_service_is_refused(prefix, connect):
    with pytest.raises(ArgumentError):
        services.register_service(prefix, connect)


@pytest.mark.parametrize(
    ("opener", "message"),
    [(fails, r'"boom" cannot open the backend "boom:x" \(ZeroDivisionError\)'), (lambda name: None, "gives NoneType")],
)
def test_a_vendor_that_fails_is_named(opener, message):
    backends.register_vendor(Vendor("boom", opener, list_devices=fails))
    try:
        with pytest.raises(ArgumentError, match=message):
            open_backend("boom:x")
        (row,) = [row for row in catalogue.rows(["boom"]) if row.name == "boom:…"]
        assert 'The vendor "boom" cannot list its devices' in row.unreachable
    finally:
        backends.unregister_vendor("boom")
