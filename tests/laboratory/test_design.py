"""A design's folder says all that an instrument needs, and its circuits do what the run's circuits do."""

import csv
import re

import foreign
import numpy as np
import pytest

from qsense.errors import ContentError, QsenseError, SpecError
from qsense.laboratory import designed, write_design
from qsense.laboratory.returned import read_design


def sheet(folder):
    with open(folder / "settings.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_design(foreign.spec(), tmp_path_factory.mktemp("designs") / "d", known_shots=20)


def test_a_folder_has_a_circuit_for_every_row_and_no_counts(folder):
    rows = sheet(folder)
    assert len(rows) == 2 * 2 * 3 + 6
    assert sorted(f"{row['circuit']}.qasm" for row in rows) == sorted(p.name for p in (folder / "circuits").iterdir())
    assert (folder / "counts.csv").read_text() == "circuit,bits,count\n"
    for row in rows:
        for name in ("phase", "polar", "azimuth"):
            for spin in range(3):
                rad, deg = float(row[f"{name}_rad_{spin}"]), float(row[f"{name}_deg_{spin}"])
                assert deg == pytest.approx(180 * rad / np.pi, abs=1e-12)
    bases = {row["circuit"]: row["basis"] for row in rows}
    assert bases["ghz-3-custom-ghz_parity.t0.r0"] == "Z"
    assert "Here that is every row." in (folder / "README.md").read_text()


def test_the_circuits_give_what_the_angles_say(folder):
    """Each circuit's distribution, by Qiskit from the file, against vectors and matrices made here."""
    from qiskit import qasm3
    from qiskit.quantum_info import Statevector

    for row in sheet(folder):
        circuit = qasm3.loads((folder / "circuits" / f"{row['circuit']}.qasm").read_text())
        circuit = circuit.assign_parameters({one: float(row[one.name]) for one in circuit.parameters})
        waits = [one.operation.duration for one in circuit.data if one.operation.name == "delay"]
        assert waits == [] if row["circuit"].startswith("known") else waits == [float(row["time_s"])] * 3
        circuit = circuit.remove_final_measurements(inplace=False)
        circuit.data = [one for one in circuit.data if one.operation.name not in ("delay", "barrier")]
        state = Statevector(circuit).probabilities()
        assert state == pytest.approx(expected(row), abs=1e-9)


def expected(row):
    """Probabilities of the outcomes Σ bit_j 2^j of three spins without noise."""
    ups = [int(spin) for spin in row["prepared_up"].split()]
    if row["circuit"].startswith("known"):
        return np.eye(8)[sum(2**spin for spin in ups)]
    state = np.full(8, 8**-0.5, complex)
    if row["probe"] == "ghz":
        state = np.zeros(8, complex)
        state[[0, 7]] = 2**-0.5
    whole = np.eye(1)
    for spin in reversed(range(3)):
        phase, polar, azimuth = (float(row[f"{name}_rad_{spin}"]) for name in ("phase", "polar", "azimuth"))
        turned = np.diag(np.exp([-0.5j * (phase - azimuth), 0.5j * (phase - azimuth)]))
        c, s = np.cos(polar / 2), np.sin(polar / 2)
        whole = np.kron(whole, np.array([[c, s], [-s, c]]) @ turned)
    return abs(whole @ state) ** 2


def test_a_signal_left_to_nature_is_in_no_circuit(tmp_path):
    for qasm in (2, 3):
        made = write_design(foreign.spec(), tmp_path / f"{qasm}", signal="none", qasm=qasm)
        text = (made / "circuits" / "product-3-custom-product.t1.r0.qasm").read_text()
        assert "phase_rad" not in text
        assert ("wait(1" if qasm == 2 else "delay[1.0s]") in text
    from qiskit import qasm2

    older = (tmp_path / "2" / "circuits" / "product-3-custom-product.t1.r0.qasm").read_text()
    assert qasm2.loads(older).count_ops()["wait"] == 3
    assert "left to nature" in (made / "README.md").read_text()


@pytest.mark.parametrize("probe", ["ghz", "twin_fock4", "one_axis:0.3"])
def test_both_versions_of_openqasm_prepare_and_measure_alike(tmp_path, probe):
    from qiskit import qasm2, qasm3
    from qiskit.quantum_info import Statevector

    spec = foreign.spec(
        probes=[probe], num_qubits=4, estimators=["auto" if probe == "ghz" else "moments"], times_s=[0.5],
        idle="xy4", signal={"frequency_hz": "matched"},
    )  # fmt: skip
    folders = {version: write_design(spec, tmp_path / str(version), qasm=version) for version in (2, 3)}
    row = sheet(folders[3])[-1]
    texts = {version: (made / "circuits" / f"{row['circuit']}.qasm").read_text() for version, made in folders.items()}
    older, newer = qasm2.loads(texts[2]), qasm3.loads(texts[3])
    newer = newer.assign_parameters({one: float(row[one.name]) for one in newer.parameters})
    waits = [one.operation.params[0] for one in older.data if one.operation.name == "wait"]
    assert waits == [one.operation.duration for one in newer.data if one.operation.name == "delay"]
    found = []
    for circuit in (older, newer):
        plain = circuit.remove_final_measurements(inplace=False)
        plain.data = [one for one in plain.data if one.operation.name not in ("wait", "delay", "barrier")]
        found.append(Statevector(plain).probabilities())
    assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_the_collective_spin_along_two_axes_needs_global_pulses_alone():
    own = designed(foreign.spec(probes=["product"], num_qubits=20, estimators=["moments"], shots=100)).measuring
    assert all(one.is_global for one in own)
    turned = {round(float(one.settings.azimuths[0, 0] - one.settings.phases[0, 0]), 9) for one in own}
    assert turned == {0.0, round(np.pi / 2, 9)}


def test_ids_do_not_depend_on_what_else_is_in_the_spec():
    alone = designed(foreign.spec(probes=["product"], estimators=["product"]))
    more = designed(foreign.spec(num_qubits=[2, 3]))
    assert {one.id for one in alone.measuring} <= {one.id for one in more.measuring}


def test_a_design_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(ContentError, match="is there already and not empty"):
        write_design(foreign.spec(), tmp_path / "full")
    (tmp_path / "empty").mkdir()
    assert len(read_design(write_design(foreign.spec(), tmp_path / "empty")).design.circuits) == 12

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("qsense.laboratory.folder.replace", fails)
    with pytest.raises(ContentError, match="No space left"):
        write_design(foreign.spec(), tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategy": "adaptive"}, "decides by its own counts"),
        ({"noise": "calibration", "backend": "fake:manila"}, "a design names no device"),
    ],
)
def test_what_cannot_be_carried_out_beforehand_is_refused(changes, message):
    with pytest.raises(SpecError, match=message):
        designed(foreign.spec(**changes))


def test_wrong_arguments_are_refused(tmp_path):
    for words in ({"signal": "nature"}, {"qasm": 1}, {"known_shots": 3}):
        with pytest.raises(QsenseError, match=f"Argument `{next(iter(words))}` must"):
            write_design(foreign.spec(), tmp_path / "no", **words)
    assert not any(tmp_path.iterdir())


def readme(tmp_path, **changes):
    return (write_design(foreign.spec(**changes), tmp_path / "d") / "README.md").read_text()


@pytest.mark.parametrize("size", [2, 3, 4, 5])
@pytest.mark.parametrize("flipped", [(), (1,)])
def test_the_azimuths_of_a_molmer_sorensen_pulse_are_those_of_the_readme(tmp_path, size, flipped):
    """The pulse as a matrix, the state that it gives, and the spins turned about Z by the number that is told."""
    from scipy.linalg import expm

    signs = "".join("-" if spin in flipped else "+" for spin in range(size))
    probe = f"ghz:{signs}" if flipped else "ghz"
    parity = [{"estimator": "ghz", "readout": "parity"}]
    signal = {"weights": [-1 if sign == "-" else 1 for sign in signs]}
    text = readme(tmp_path, probes=[probe], num_qubits=size, estimators=parity, signal=signal)
    shift = float(re.search(r"add (\S+) rad", text)[1])
    assert ("R(π/2, 0) on all spins" in text) == (size % 2 == 1)
    assert ("with the other sign on the spins 1" in text) == bool(flipped)

    x = np.array([[0, 1], [1, 0]])

    def flip(*spins):
        found = np.eye(1)
        for spin in range(size):
            found = np.kron(found, x if spin in spins else np.eye(2))
        return found

    state = expm(-0.25j * np.pi * sum(flip(j, k) for j in range(size) for k in range(j)))[:, 0]
    if size % 2:
        state = expm(-0.25j * np.pi * sum(flip(j) for j in range(size))) @ state
    state = flip(*flipped) @ state
    ups = np.array([[index >> (size - 1 - spin) & 1 for spin in range(size)] for index in range(2**size)])
    turned = np.exp(-1j * ups @ [-shift if spin in flipped else shift for spin in range(size)]) * state
    branch = int("".join("1" if spin in flipped else "0" for spin in range(size)), 2)
    wanted = np.zeros(2**size)
    wanted[[branch, 2**size - 1 - branch]] = 2**-0.5
    assert abs(np.vdot(wanted, turned)) == pytest.approx(1, abs=1e-5)


def test_the_readme_says_what_a_loss_flag_and_a_tilt_are(tmp_path):
    from qiskit import qasm3

    text = readme(tmp_path, probes=["ghz:+-+"], estimators=[{"estimator": "ghz"}], signal={"weights": [1, -1, 1]})
    assert "then X (a π pulse) on the spins 1 " in text
    assert "X on the spins whose sign is −, if there are any, then the CNOTs in the reverse order" in text
    assert "`loss_flag` needs CNOTs" in text
    row = next(one for one in sheet(tmp_path / "d") if one["ending"] == "loss_flag")
    circuit = qasm3.loads((tmp_path / "d" / "circuits" / f"{row['circuit']}.qasm").read_text())
    names = [one.operation.name for one in circuit.data]
    after = names[len(names) - names[::-1].index("delay") :]
    assert after.index("x") < after.index("cx")
    tilted = readme(tmp_path / "b", probes=[{"probe": "product", "tilt": 0.6}], estimators=["product"])
    angle = float(re.search(r"R\((\S+) rad", tilted)[1])
    assert np.sin(angle / 2) ** 2 == pytest.approx(0.8, abs=1e-5)
    assert "`loss_flag` needs" not in tilted


@pytest.mark.parametrize("noise", ["unknown", "none", {}, {"t1_s": 1.0}, None])
def test_unknown_noise_is_told_what_to_write(tmp_path, noise):
    stated = {None: "", "unknown": 'noise = "unknown"', "none": 'noise = "none"'}
    line = stated[noise] if not isinstance(noise, dict) else f"noise = {{ {'t1_s = 1.0' if noise else ''} }}"
    (tmp_path / "s.toml").write_text(
        f'schema = 1\nname = "a"\nprobes = ["product"]\nnum_qubits = 1\n{line}\nestimators = "product"\n'
        "times_s = [0.0, 1e-6]\nfield_rad_per_s = 2e5\nshots = 100\nseed = 1\n"
    )
    for refused in (
        lambda: write_design(tmp_path / "s.toml", tmp_path / "d"),
        lambda: read_design(tmp_path / "s.toml"),
    ):
        with pytest.raises(SpecError, match=r"noise = \{ t2_s = 1\.0 \}: docs/laboratory\.md, Unknown noise"):
            refused()


def test_t2_alone_is_dephasing():
    assert foreign.spec(noise={"t2_s": 5.0}).noises[0].dephasing == (0.1,)
    assert foreign.spec(noise={"t2_s": 5.0}).id == foreign.spec(noise={"dephasing_rate": 0.1}).id
    with pytest.raises(SpecError, match="`excited_population` goes with `t1_s`"):
        foreign.spec(noise={"t2_s": 5.0, "excited_population": 0.1})


def test_a_probe_that_another_name_means_is_explained():
    with pytest.raises(
        SpecError, match=r'"ghz:\+-\+" is listed twice, as "ghz" means it with the weights of this signal'
    ):
        foreign.spec(probes=["ghz", "ghz:+-+"], estimators=[{"estimator": "ghz"}], signal={"weights": [1, -1, 1]})


def test_ids_of_long_options_are_short_and_those_of_earlier_folders_are_known(tmp_path):
    angles = [3 * k for k in range(60)]
    spec = foreign.spec(probes=["product"], estimators=[{"estimator": "ramsey_scan", "angles_deg": angles}])
    folder = write_design(spec, tmp_path / "d")
    design = read_design(folder).design
    short, name = [one.id for one in design.measuring], design.points[0].estimator.name
    older = [f"{design.points[0].file_name[:120]}-{design.points[0].key[:8]}.{one.split('.', 1)[1]}" for one in short]
    assert max(map(len, short)) < 60 < 120 < min(map(len, older))
    assert len({*short}) == len(short) == 120
    readme = (folder / "README.md").read_text()
    assert f"`{sheet(folder)[0]['estimator']}` is `{name}`" in readme
    text = (folder / "settings.csv").read_text()
    for one, before in zip(short, older, strict=True):
        text = text.replace(f"{one},", f"{before},")
    text = text.replace(sheet(folder)[0]["estimator"], f'"{name}"')
    (folder / "settings.csv").write_text(text)
    assert read_design(folder).design.points[0].key == design.points[0].key
    assert [design.by_id[one].id for one in older] == short
    changed = foreign.spec(probes=["product"], estimators=[{"estimator": "ramsey_scan", "angles_deg": angles[:-1]}])
    assert not {*short} & {one.id for one in designed(changed).measuring}
