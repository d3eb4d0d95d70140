"""Results as NetCDF 4: one labelled dataset."""

from __future__ import annotations

import tempfile
from pathlib import Path

from qsense.errors import ArgumentError
from qsense.installation import install_hint
from qsense.tables.results import Results


def netcdf_files(results: Results) -> dict[str, bytes]:
    """Returns results.nc.

    Raises:
        ArgumentError: xarray or h5netcdf is not installed.
    """
    data = results.to_dataset()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.nc"
        try:
            data.to_netcdf(path, engine="h5netcdf")
        except (ImportError, ValueError) as error:
            if "h5netcdf" not in str(error):
                raise
            raise ArgumentError(f"NetCDF needs h5netcdf; run: {install_hint('data')}.") from error
        return {"results.nc": path.read_bytes()}
