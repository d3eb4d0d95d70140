"""What a laboratory gives for a design, written by hand here: sheets, arrays and documents of the same shots."""

import base64
import io
import json
import zlib

import numpy as np
from numpy.random import default_rng

from qsense import RunSpec

SPEC = {
    "schema": 1, "name": "lab", "probes": ["ghz", "product"], "num_qubits": 3, "noise": {"dephasing_rate": 0.1},
    "estimators": [{"estimator": "ghz", "readout": "parity"}, "product"], "times_s": [0.0, 1.0],
    "field_rad_per_s": 0.2, "shots": 40, "seed": 1,
}  # fmt: skip


def spec(**changes):
    return RunSpec.from_dict({**SPEC, **changes})


def drawn(design, seed=5):
    """Shots of every measuring circuit that have nothing to do with physics, spin j in column j: id → (shots, N)."""
    rng = default_rng(seed)
    return {
        one.id: (rng.random((one.shots, one.num_qubits)) < rng.random(one.num_qubits)).astype(np.int8)
        for one in design.measuring
    }


def text_of(shot, leftmost="last"):
    letters = ["?" if bit < 0 else str(bit) for bit in shot]
    return "".join(letters[::-1] if leftmost == "last" else letters)


def histograms(shots, leftmost="last"):
    found = {}
    for name, table in shots.items():
        own = found.setdefault(name, {})
        for shot in table:
            text = text_of(shot, leftmost)
            own[text] = own.get(text, 0) + 1
    return found


def counts_sheet(shots, leftmost="last"):
    rows = [f"{name},{bits},{n}" for name, own in histograms(shots, leftmost).items() for bits, n in own.items()]
    return "\n".join(["circuit,bits,count", *rows]) + "\n"


def shots_sheet(shots, leftmost="last"):
    rows = [f"{name},{k},{text_of(shot, leftmost)}" for name, table in shots.items() for k, shot in enumerate(table)]
    return "\n".join(["circuit,shot,bits", *rows]) + "\n"


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def primitive_json(shots):
    """As qiskit_ibm_runtime.RuntimeEncoder writes it; bytes big-endian, spin 0 the last bit."""
    pubs = []
    for table in shots.values():
        size = table.shape[1]
        padded = np.zeros((len(table), -(-size // 8) * 8), np.uint8)
        padded[:, -size:] = table[:, ::-1]
        packed = base64.standard_b64encode(zlib.compress(npy(np.packbits(padded, axis=1)))).decode()
        array = {"__type__": "ndarray", "__value__": packed}
        field = {"__type__": "BitArray", "__value__": {"array": array, "num_bits": size}}
        data = {"__type__": "DataBin", "__value__": {"field_names": ["c"], "shape": [], "fields": {"c": field}}}
        pubs.append({"__type__": "SamplerPubResult", "__value__": {"data": data, "metadata": {}}})
    return json.dumps({"__type__": "PrimitiveResult", "__value__": {"pub_results": pubs, "metadata": {}}})


def result_json(shots):
    """As qiskit.result.Result.to_dict gives it."""
    results = []
    for name, own in histograms(shots).items():
        counts = {hex(int(bits, 2)): number for bits, number in own.items()}
        results.append({"shots": sum(own.values()), "data": {"counts": counts}, "header": {"name": name}})
    return json.dumps({"backend_name": "x", "results": results, "success": True})


def braket_json(shots):
    """A list of gate model results, the qubits in another order than the spins."""
    listed = []
    for table in shots.values():
        qubits = list(range(table.shape[1]))[::-1]
        listed.append({"measurements": table[:, qubits].tolist(), "measuredQubits": qubits})
    return json.dumps(listed)
