"""Arrays of HDF5 and NetCDF 4 files, read by a process of its own, which may crash, or never end, on a damaged file."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from qsense.errors import ArgumentError
from qsense.files.archives import TEXTS, read_arrays
from qsense.installation import install_hint
from qsense.laboratory.axes import Labelled

LONGEST_S = 60.0
_CHILD = Path(__file__).with_name("hdf5_child.py")


def read_hdf5(content: bytes, most: int, longest: float = LONGEST_S) -> dict[str, Labelled]:
    """Returns the arrays of a file by name, those in groups by their path, with their axes and coordinates.

    Args:
        content: of the file.
        most: numbers that an array may have.
        longest: that reading may take, in s.

    Raises:
        ArgumentError: h5py is not installed.
        ValueError: the file is damaged, too large, or leads elsewhere.
    """
    if importlib.util.find_spec("h5py") is None:
        raise ArgumentError(f"HDF5 and NetCDF need h5py; run: {install_hint('data')}.")
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", str(_CHILD), str(most)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=longest, env=environment)
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"reading it takes longer than {longest:g} s") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(said[-1] if said and done.returncode > 0 else "it crashes libhdf5")
    arrays = read_arrays(done.stdout, TEXTS)
    told = json.loads(arrays["told"].tobytes())
    return {
        name: Labelled(arrays[f"a{at}"], tuple(axes) if all(axes) else (), tuple(scales), unit)
        for at, (name, axes, scales, unit) in enumerate(told)
    }
