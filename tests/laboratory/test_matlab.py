"""MATLAB files of SciPy's writer are read as they are; what is no array of numbers is passed over."""

import io

import numpy as np
import pytest

from qsense.laboratory.matlab import read_matlab


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u4", "i8", "f4", "f8", "?"])
def test_arrays_come_back(kind, compressed):
    from scipy.io import savemat

    table = (np.random.default_rng(1).random((4, 5, 3)) < 0.5).astype(kind)
    buffer = io.BytesIO()
    words = {"shots": table, "a": table[:1, :1, 0], "text": "x", "cell": np.array([1, "a"], dtype=object)}
    savemat(buffer, {**words, "z": 1j * np.ones(2), "struct": {"b": table}}, do_compression=compressed)
    found = read_matlab(buffer.getvalue(), lambda shape: None, 10**6)
    assert set(found) == {"shots", "a"}
    np.testing.assert_array_equal(found["shots"], table)
    np.testing.assert_array_equal(found["a"], table[:1, :1, 0])


def test_what_unpacks_to_too_much_is_refused():
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, {"shots": np.zeros((100, 100, 100))}, do_compression=True)
    with pytest.raises(ValueError, match="unpacks to more"):
        read_matlab(buffer.getvalue(), lambda shape: None, 10**6)
    with pytest.raises(ValueError, match="save it with -v7"):
        read_matlab(b"x" * 1000, lambda shape: None, 10**6)
