"""States that a user gives: held to their own precision, and files that declare more than they hold are refused."""

import io
import struct

import numpy as np
import pytest

import qsense
from qsense.errors import ArgumentError, ContentError
from qsense.files import toml_file
from qsense.noise import LocalNoise
from qsense.probes import Probe

NOISE = LocalNoise(dephasing=0.1)
GHZ = np.zeros(16, dtype=np.complex64)
GHZ[[0, -1]] = np.sqrt(0.5)


def saved(path, array):
    np.save(path, array)
    return path


@pytest.mark.parametrize("stored", [np.complex64, np.complex128])
@pytest.mark.parametrize("shape", [(16,), (16, 1)])
def test_single_precision_and_columns_are_taken(tmp_path, stored, shape):
    probe = Probe.from_file(saved(tmp_path / "ghz.npy", GHZ.astype(stored).reshape(shape)))
    assert np.linalg.norm(probe.statevector()) == pytest.approx(1, abs=1e-15)
    gains = qsense.gain(probe, NOISE, [0.0, 1.0])
    assert gains == pytest.approx([16, 16 * np.exp(-1.6)], rel=1e-12)


def test_a_density_matrix_in_single_precision_is_that_of_its_state():
    rng = np.random.default_rng(5)
    state = rng.normal(size=8) + 1j * rng.normal(size=8)
    state /= np.linalg.norm(state)
    single = np.outer(state, state.conj()).astype(np.complex64)
    single += np.float32(3e-8) * rng.normal(size=(8, 8)).astype(np.float32)  # the rounding of a simulation
    probe = Probe.from_state(single)
    assert np.trace(probe.density_matrix()) == pytest.approx(1, abs=1e-14)
    assert qsense.gain(probe, NOISE, 1.0) == pytest.approx(qsense.gain(Probe.from_state(state), NOISE, 1.0), rel=3e-6)


def test_double_precision_is_held_to_its_own():
    third = np.sqrt([1 / 3, 2 / 3])
    assert Probe.from_state(third * (1 + 1e-10)).num_qubits == 1
    with pytest.raises(
        ArgumentError, match=r"length 1 \(within 1e-09\), but its norm is 1.0000001.*; divide it by its"
    ):
        Probe.from_state(third * (1 + 1e-7))
    with pytest.raises(ArgumentError, match=r"length 1 \(within 1e-06\)"):
        Probe.from_state((third * (1 + 1e-5)).astype(np.complex64))
    rho = np.outer(third, third)
    assert Probe.from_state(rho).density_matrix().tobytes() == rho.astype(complex).tobytes()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (np.array([[0.5, 0.5 + 1e-6j], [0.5, 0.5]]), "must be Hermitian .* transpose by 1e-06; take the mean"),
        (np.diag([0.7, 0.7]), "must have trace 1 .* its trace is 1.4; divide it by its trace"),
        (np.diag([1.5, -0.5]), "negative eigenvalue -0.5"),
        (np.array([["0.6"], ["0.8"]]), "must be numbers"),
        (np.ones((1, 4)) / 2, "must have shape"),
        (np.ones((1, 1)), "must have shape"),
        (np.ones((3, 1)), "must have shape"),
        (np.array([np.nan, 1]), "finite"),
        (np.ma.array([0.6, 0.8], mask=[False, True]), "masked"),
    ],
)  # fmt: skip
def test_the_check_that_fails_is_named_with_its_fix(state, message):
    with pytest.raises(ArgumentError, match=message):
        Probe.from_state(state)


def header(shape, kind="'<c16'", version=b"\x01\x00"):
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    length = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    return b"\x93NUMPY" + version + length + text.encode()


def npz():
    stream = io.BytesIO()
    np.savez_compressed(stream, state=np.zeros(2**21))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (header("(1099511627776,)"), r"declares 1.09951e\+12 numbers; at most 1048576"),
        (header("(1048576, 1048576)") + bytes(64), r"declares 1.09951e\+12 numbers"),
        (header(f"({'9' * 40}, 0)"), "finite|numbers|shape"),
        (header("(1024,)") + bytes(64), "declares 16384 bytes, but holds 64"),
        (header("(2,)") + bytes(64), "declares 32 bytes, but holds 64"),
        (header("(2,)", "'|O'") + bytes(16), "not a NumPy array of numbers"),
        (header("(2,)", "[('a', '<f8')]") + bytes(16), "not a NumPy array of numbers"),
        (header("(-2,)") + bytes(32), "declares|not a NumPy"),
        (b"\x93NUMPY\x02\x00" + b"\xff" * 4, "not a NumPy array"),
        (b"\x93NUMPY\x02\x00" + b"\xff\xff\xff\x7f" + b"(" * 10000, "not a NumPy array"),
        (npz(), "not a NumPy array"),
        (b"", "not a NumPy array"),
    ],
)
def test_a_file_is_bounded_by_what_it_declares_and_by_what_it_holds(tmp_path, content, message):
    path = tmp_path / "state.npy"
    path.write_bytes(content)
    with pytest.raises((ContentError, ArgumentError), match=message):
        Probe.from_file(path)


def test_a_sparse_file_and_a_folder_are_not_read(tmp_path):
    with (tmp_path / "huge.npy").open("wb") as file:
        file.write(header("(2,)"))
        file.truncate(2**40)
    (tmp_path / "folder.npy").mkdir()
    for name in ("huge.npy", "folder.npy"):
        with pytest.raises(ContentError, match=r"declares 32 bytes|is no file"):
            Probe.from_file(tmp_path / name)


def test_toml_may_begin_with_the_mark_that_windows_writes(tmp_path):
    class Model(toml_file.Table):
        schema_: int

    path = tmp_path / "run.toml"
    path.write_bytes(b"\xef\xbb\xbfschema_ = 1\r\n")
    assert toml_file.read(path, Model).schema_ == 1
