"""Probes: the states that a sensing run prepares.

A Probe says what is prepared, not how: the circuits are in `qsense.circuits.sensing`, the theory in `qsense.theory`.
Basis states are numbered as Qiskit does: bit j of the index is spin j, and 1 is up, the excited state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from qsense.errors import ArgumentError
from qsense.files import content, short_repr
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import collective, pair_codes, signs, states, vectors
from qsense.probes.qasm import from_file, say_order

Kind = Literal["ghz", "product", "symmetric", "pair_code", "circuit", "state"]
KINDS = ("ghz", "product")
NUM_QUBITS_OF_A_STATEVECTOR = 20


@dataclass(frozen=True)
class Probe:
    """A probe state of `num_qubits` spins; made by one of the class methods.

    Attributes:
        kind: "ghz", "product", "symmetric" (over Dicke states), "pair_code" (over those of pairs), "circuit" (OpenQASM)
            or "state" (vector or matrix).
        num_qubits: number of spins, at least 1.
        tilt: δ in (−1, 1) of a product probe, whose spins are up with weight (1+δ)/2, or of a GHZ probe, whose branch
            |up…up> has that weight.
        name: the name in tables and records.
        qasm: the OpenQASM 3 text of a "circuit" probe.
        data: the complex128 numbers of a "symmetric" probe (N+1), a "pair_code" (N/2+1) or a "state" (2^N, or 4^N of a
            matrix by rows).
        signs: a sign of every spin of a GHZ probe that is not up where spin 0 is: "-" is down in the branch |up…>.
    """

    kind: Kind
    num_qubits: int
    tilt: float = 0.0
    name: str = ""
    qasm: str | None = field(default=None, repr=False)
    data: bytes | None = field(default=None, repr=False)
    signs: str = ""
    __repr__ = short_repr

    def __post_init__(self) -> None:
        if not isinstance(self.num_qubits, int) or isinstance(self.num_qubits, bool) or self.num_qubits < 1:
            raise ArgumentError(f"Argument `num_qubits` must be at least 1, but is {self.num_qubits!r}.")
        if not -1 < self.tilt < 1:
            raise ArgumentError(f"Argument `tilt` must be in (-1, 1), but is {self.tilt}.")
        if self.tilt and self.kind not in KINDS:
            raise ArgumentError("Argument `tilt` goes with a GHZ or a product probe only.")
        if self.signs:
            if self.kind != "ghz":
                raise ArgumentError("Argument `signs` goes with a GHZ probe only.")
            found = signs.checked(self.signs, self.num_qubits)
            object.__setattr__(self, "signs", "" if set(found) == {"+"} else found)
        if not self.name:
            name = f"{self.kind}:{signs.shown(self.signs)}" if self.signs else self.kind
            object.__setattr__(self, "name", f"{name}(tilt={self.tilt:g})" if self.tilt else name)

    @classmethod
    def ghz(cls, num_qubits: int, signs: str = "", tilt: float = 0.0) -> Probe:
        """Returns √((1−δ)/2) |not b> + √((1+δ)/2) |b>, where b is up for every sign + and down for every −.

        By default (|down…down> + |up…up>)/√2.

        Args:
            num_qubits: number of spins.
            signs: + or − of every spin, or "alternating"; "" is + for all.
            tilt: δ in (−1, 1), of the weights (1±δ)/2 of the two branches.

        Source: arXiv:2512.21661v1, Eq. 37, for equal signs and weights.

        >>> Probe.ghz(2).statevector().real.round(4)
        array([0.7071, 0.    , 0.    , 0.7071])
        >>> Probe.ghz(2, signs="+-").statevector().real.round(4)
        array([0.    , 0.7071, 0.7071, 0.    ])
        """
        return cls("ghz", num_qubits, tilt, signs=signs)

    @classmethod
    def product(cls, num_qubits: int, tilt: float = 0.0) -> Probe:
        """Returns (√((1−δ)/2) |down> + √((1+δ)/2) |up>)^⊗N with δ the tilt; |+>^⊗N by default.

        Args:
            num_qubits: number of spins.
            tilt: δ in (−1, 1).

        Source: arXiv:2512.21661v1, above Eq. 29 and Eq. 55.

        >>> Probe.product(1).statevector().real.round(4)
        array([0.7071, 0.7071])
        """
        return cls("product", num_qubits, tilt)

    @classmethod
    def symmetric(cls, amplitudes: Sequence[complex] | ComplexArray | FloatArray, name: str = "symmetric") -> Probe:
        """Returns Σ_u a_u |D_u> over the Dicke states with u spins up.

        Args:
            amplitudes: a_0 … a_N, shape (N+1,), of unit length.
            name: the name in tables and records.

        Raises:
            ArgumentError: they are not of unit length, or fewer than two.

        >>> Probe.symmetric([0.6, 0, 0.8]).num_qubits
        2
        >>> Probe.symmetric([0.6, 0.8, 0.8])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        qsense.errors.ArgumentError: Argument `amplitudes` must have length 1 (within 1e-09), but its norm is 1.28...
        """
        vector = states.normalised("amplitudes", amplitudes, 1)
        return cls("symmetric", len(vector) - 1, name=name, data=vector.tobytes())

    @classmethod
    def named(cls, name: str, num_qubits: int, tilt: float = 0.0) -> Probe:
        """Returns a probe by its name, with its number after a colon where it has one.

        `ghz` (`ghz:+-+-` with the sign of every spin, `ghz:alternating`), `product`; `w` (one spin up), `dicke:U` (U
        spins up), `dicke_x:U` (J_x = U − N/2), `twin_fock` (dicke_x with half of the spins up), `coherent:POLAR` (rad),
        `one_axis:STRENGTH`, `two_axis:STRENGTH` (rad, turned for the largest G(0)); `pair_code:STATE`, pairs |00>
        and |11> in such a state or of given weights (`pair_code:1:2:1`).

        Raises:
            ArgumentError: the name is unknown, or its number is missing or out of range.

        >>> Probe.named("ghz", 3).kind, Probe.named("dicke:1", 3).name
        ('ghz', 'dicke:1')
        """
        kind, _, number = name.partition(":")
        if kind == "ghz" and (number or name == kind):
            return cls("ghz", num_qubits, tilt, signs=number)
        if name == "product":
            return cls("product", num_qubits, tilt)
        if tilt:
            raise ArgumentError("Argument `tilt` goes with a GHZ or a product probe only.")
        cls("ghz", num_qubits)  # refuses a wrong number of spins
        if kind == pair_codes.NAME:
            data = pair_codes.amplitudes_of(number, num_qubits).tobytes()
            return cls("pair_code", num_qubits, name=name, data=data)
        vector = np.asarray(collective.named(name, num_qubits), dtype=np.complex128)
        return cls("symmetric", num_qubits, name=name, data=vector.tobytes())

    @classmethod
    def from_state(cls, state: ComplexArray | FloatArray, name: str = "state") -> Probe:
        """Returns the probe of a state vector of shape (2^N,) or (2^N, 1), or a density matrix of shape (2^N, 2^N).

        Args:
            state: bit j of an index is spin j, 1 is up; of unit length, or Hermitian, positive and of trace 1, to 1e-9
                (1e-6 in single precision; it is renormalised).
            name: the name in tables and records.

        Raises:
            ArgumentError: the shape or the normalisation is wrong, or a matrix is no density matrix.

        >>> Probe.from_state(np.eye(4) / 4).num_qubits
        2
        """
        if np.ma.is_masked(state):
            raise ArgumentError("Argument `state` has masked numbers; give all of them.")
        array = np.asarray(state)
        array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        size = max(array.shape[0] if array.ndim else 0, 1).bit_length() - 1
        if array.shape not in ((2**size,), (2**size, 2**size)) or size == 0:
            raise ArgumentError(f"Argument `state` must have shape (2^N,) or (2^N, 2^N), but has {array.shape[:3]}.")
        vector = states.normalised("state", array, array.ndim)
        return cls("state", size, name=name, data=vector.tobytes())

    @classmethod
    def from_file(cls, path: str | Path) -> Probe:
        """Returns the probe of a NumPy file (.npy) with a state vector or a density matrix, as in `from_state`.

        Raises:
            ContentError: the file cannot be read or holds objects; ArgumentError: it is no state.
        """
        path = Path(path)
        return cls.from_state(states.load(path), path.stem)

    @classmethod
    def from_circuit(cls, circuit: Any, name: str = "circuit") -> Probe:
        """Returns the probe that a Qiskit circuit prepares from |0…0>, kept as OpenQASM 3 with all gates written out.

        Raises:
            ContentError: it measures, resets, waits or takes parameters, or a gate cannot be written out.
        """
        from qsense.probes.openqasm import written
        from qsense.probes.openqasm.flattening import flattened

        found = flattened(circuit, name)
        say_order(found, name)
        return cls.from_text(written(found), name)

    @classmethod
    def from_qasm(cls, name_or_path: str | Path, beside: Path | None = None) -> Probe:
        """Returns the probe that an OpenQASM 3 (or 2) file prepares.

        Args:
            name_or_path: the name of a shipped circuit ("w4") or the path of a file without measurements.
            beside: the folder that a relative path starts from; the working directory by default.

        Raises:
            ContentError: there is no such file, it cannot be parsed, or it measures, resets or takes parameters.

        >>> Probe.from_qasm("w4").num_qubits
        4
        """
        path = content.find("circuits", str(name_or_path), beside)
        text, num_qubits = from_file(path)
        return cls("circuit", num_qubits, name=path.stem, qasm=text)

    @classmethod
    def from_text(cls, qasm: str, name: str) -> Probe:
        """Returns the probe that an OpenQASM text prepares, under a name.

        Raises:
            ContentError: as in `from_qasm`.

        >>> Probe.from_text('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0];', "half").num_qubits
        2
        """
        from qsense.probes.openqasm import read

        qasm = qasm.removeprefix("\ufeff")
        return cls("circuit", read(qasm, name).num_qubits, name=name, qasm=qasm)

    @property
    def key(self) -> str:
        """What identifies the probe: kind, size, tilt and, for a circuit or numbers, the hash of its content."""
        given = self.qasm.encode() if self.data is None and self.qasm is not None else self.data
        text = "" if given is None else hashlib.sha256(given).hexdigest()
        return f"{self.kind}:{self.num_qubits}:{self.tilt!r}:{text}" + (f":{self.signs}" if self.signs else "")

    @property
    def branch(self) -> FloatArray:
        """s_j = ±1 of a GHZ probe: +1 where spin j is up in the branch of weight (1+δ)/2, shape (num_qubits,).

        >>> Probe.ghz(3, signs="+-+").branch
        array([ 1., -1.,  1.])
        """
        return np.array([-1.0 if sign == "-" else 1.0 for sign in self.signs or "+" * self.num_qubits])

    @property
    def is_mixed(self) -> bool:
        """Whether the probe is given as a density matrix."""
        return self.kind == "state" and len(self.data or b"") == 16 * 4**self.num_qubits

    def statevector(self) -> ComplexArray:
        """Returns the amplitudes, shape (2^N,), bit j of the index being spin j, 1 being up.

        Raises:
            ArgumentError: more spins than a vector should have, or the probe is a density matrix.
        """
        if self.is_mixed:
            raise ArgumentError(f'The probe "{self.name}" is a density matrix and has no state vector.')
        if self.num_qubits > NUM_QUBITS_OF_A_STATEVECTOR:
            raise ArgumentError(
                f"A state vector of {self.num_qubits} spins has 2^{self.num_qubits} amplitudes; "
                f"at most {NUM_QUBITS_OF_A_STATEVECTOR} spins are supported."
            )
        return vectors.statevector(self)

    def density_matrix(self) -> ComplexArray:
        """Returns ρ, shape (2^N, 2^N).

        >>> Probe.ghz(1).density_matrix().real.round(3)
        array([[0.5, 0.5],
               [0.5, 0.5]])
        """
        if self.is_mixed:
            return self._numbers().reshape(2**self.num_qubits, 2**self.num_qubits)
        state = self.statevector()
        return np.outer(state, state.conj())

    def dicke_amplitudes(self) -> ComplexArray | None:
        """Returns the amplitudes over Dicke states, shape (N+1,), or None if the state is not symmetric and pure.

        >>> Probe.product(2).dicke_amplitudes().real.round(4)
        array([0.5   , 0.7071, 0.5   ])
        """
        return vectors.dicke_amplitudes(self)

    def _repr_html_(self) -> str:
        from qsense.probes.picture import picture

        return picture(self)

    def _numbers(self) -> ComplexArray:
        return np.frombuffer(self.data or b"", dtype=np.complex128)
