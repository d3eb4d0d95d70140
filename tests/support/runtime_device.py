"""The device behind the stand-in of the runtime service: the snapshot of a real one, on Aer with its noise."""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path

import numpy as np

_RESULTS: dict = {}


@cache
def fake():
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    return FakeManilaV2()


def snapshot(kind: str) -> dict:
    """Its configuration ("conf") or its calibration ("props") as the service would say them."""
    name = {"conf": fake().conf_filename, "props": fake().props_filename}[kind]
    return json.loads((Path(fake().dirname) / name).read_text())


def measured(circuit, values, shots: int):
    """The data of one pub. The same circuit gives the same counts, so it is run once for all services of a test run."""
    known = (*_instructions(circuit), np.asarray(values).tobytes(), shots)
    if known not in _RESULTS:
        from qiskit_aer.primitives import SamplerV2

        # Each circuit has a seed of its own: with one for all, their errors would go together.
        sampler = SamplerV2.from_backend(_simulator(), seed=zlib.crc32(repr(known).encode()))
        _RESULTS[known] = sampler.run([(circuit, values, shots)]).result()[0].data
    return _RESULTS[known]


@cache
def _simulator():
    from qiskit_aer import AerSimulator

    return AerSimulator.from_backend(fake())


def _instructions(circuit) -> tuple:
    places = {bit: index for bits in (circuit.qubits, circuit.clbits) for index, bit in enumerate(bits)}
    return tuple(
        (one.operation.name, *map(str, one.operation.params), *(places[bit] for bit in (*one.qubits, *one.clbits)))
        for one in circuit.data
    )
