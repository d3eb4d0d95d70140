"""A laboratory of its own: its simulator, bit order and meaning, lost atoms, analysis-phase scans; the commands alone.

Nothing of qsense is used but its commands: the circuits are simulated from settings.csv, with NumPy.
"""

import csv
import json

import numpy as np
import tomli_w
from in_process import qsense

GAMMA, FIELD, LOST = 0.15, 0.4, 0.02
SPEC = {
    "schema": 1, "name": "trap", "probes": ["ghz", "product"], "num_qubits": 3, "noise": {"dephasing_rate": GAMMA},
    "estimators": [{"estimator": "parity_scan", "angles_deg": [0.0, 7.0, 20.0, 33.0, 51.0, 64.0, 80.0, 101.0]},
                   {"estimator": "ramsey_scan", "num_angles": 10}],
    "field_rad_per_s": FIELD, "times_s": [0.0, 0.6, 1.2, 2.4], "shots": 300, "seed": 1,
}  # fmt: skip


def simulated(row, rng):
    """Shots of one circuit from its settings alone: 1 is up, spin j in column j."""
    size, shots = int(row["num_qubits"]), int(row["shots"])
    if row["circuit"].startswith("known"):
        ups = [int(spin) for spin in row["prepared_up"].split()]
        return np.tile(np.isin(np.arange(size), ups), (shots, 1)).astype(int)
    seconds = float(row["time_s"])
    state = np.full(2**size, 2 ** (-size / 2), complex)
    if row["probe"] == "ghz":
        state = np.zeros(2**size, complex)
        state[[0, -1]] = 2**-0.5
    bits = np.arange(2**size)[:, None] >> np.arange(size) & 1
    apart = (bits[:, None] != bits[None]).sum(-1)
    rho = np.outer(state, state.conj()) * np.exp(-2 * GAMMA * seconds * apart)
    turns = np.exp(1j * FIELD * seconds * bits.sum(1))  # the field itself, not what the design expects of it
    rho = rho * np.outer(turns, turns.conj())
    whole = np.eye(1)
    for spin in range(size):
        polar, azimuth = float(row[f"polar_rad_{spin}"]), float(row[f"azimuth_rad_{spin}"])
        c, s = np.cos(polar / 2), np.sin(polar / 2)
        whole = np.kron(np.array([[c, s * np.exp(-1j * azimuth)], [-s, c * np.exp(-1j * azimuth)]]), whole)
    chances = np.diag(whole @ rho @ whole.conj().T).real.clip(0)
    return bits[rng.choice(2**size, shots, p=chances / chances.sum())]


def filled(folder, rng, path):
    """Shots as the lab writes them: spin 0 leftmost, dark (0) is up, 2 % of atoms lost."""
    with open(folder / "settings.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["circuit", "shot", "bits"])
        for row in rows:
            bright = 1 - simulated(row, rng)
            gone = rng.random(bright.shape) < LOST / 3
            letters = np.where(gone, "?", bright.astype(str))
            writer.writerows([row["circuit"], number, "".join(shot)] for number, shot in enumerate(letters))


def test_a_foreign_lab_is_brought_in_by_the_commands_alone(tmp_path, monkeypatch, capsys, without_figures):
    (tmp_path / "spec.toml").write_text(tomli_w.dumps(SPEC))
    folder, shots = tmp_path / "design", tmp_path / "shots.csv"
    words = ["design", tmp_path / "spec.toml", "--out", folder, "--signal", "none", "--known-shots", 30]
    status, out, err = qsense(monkeypatch, capsys, *words)
    assert (status, err) == (0, "")
    assert "qsense import" in out
    filled(folder, np.random.default_rng(8), shots)

    # As it comes it is refused, line by line, with what to say.
    words = ["import", shots, "--design", folder, "--out", tmp_path / "records", "--json"]
    status, _, err = qsense(monkeypatch, capsys, *words)
    assert (status, err.count("\n")) == (2, 1)
    assert "known.n3.k0: spins 0, 1, 2 are read wrong" in err
    assert 'with `leftmost = "first"` and `one = "down"` they are right (--leftmost first --one down)' in err
    words += ["--leftmost", "first", "--one", "down"]
    status, _, err = qsense(monkeypatch, capsys, *words)
    assert status == 2
    assert "have lost spins or are missing" in err
    assert "--lost drop" in err
    assert not (tmp_path / "records").exists()

    status, out, err = qsense(monkeypatch, capsys, *words, "--lost", "drop")
    assert status == 0, err
    assert "shots with lost spins were left out" in err
    found = json.loads(out)
    whole = found["imported"]["shots"] + found["imported"]["lost_shots"]
    assert whole == 300 * (4 * 9 + 4 * 10)
    assert 0.015 < found["imported"]["lost_shots"] / whole < 0.025
    for row in found["rows"]:
        assert abs(row["z"]) < 4
        assert row["field_low_rad_per_s"] - 0.05 < FIELD < row["field_high_rad_per_s"] + 0.05
        assert {one["name"]: one["held"] for one in row["assumptions"]}["no drift between rows"] is True
    assert found["imported"]["known"] == {"3": [0, 7, 2, 5, 4, 3]}
    words[words.index("--json")] = "--label=kept"
    status, out, err = qsense(monkeypatch, capsys, *words, "--lost", "keep_or_drop")
    assert status == 0, err
    assert "with some spins lost" in out
    assert "the others of them are used" in err
    for command in ("show", "compare", "estimate"):
        status, out, err = qsense(monkeypatch, capsys, command, found["record"])
        assert status == 0, err
    assert "measured elsewhere: shots.csv" in out
