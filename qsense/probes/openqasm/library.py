"""The gates of the standard libraries, `qelib1.inc` of OpenQASM 2 and `stdgates.inc` of OpenQASM 3."""

from __future__ import annotations

from functools import lru_cache

from qsense.probes.openqasm.statements import Gate
from qsense.probes.openqasm.syntax import Reader

INCLUDES = {2: "qelib1.inc", 3: "stdgates.inc"}

# Name → (gate of `steps`, controls). The angles are those of the gate.
_SHARED = {
    **{name: (name, 0) for name in ("id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "rx", "ry", "rz", "p")},
    "u1": ("p", 0), "u3": ("u", 0), "cx": ("x", 1), "cy": ("y", 1), "cz": ("z", 1), "ch": ("h", 1), "ccx": ("x", 2),
    "cp": ("p", 1), "crx": ("rx", 1), "cry": ("ry", 1), "crz": ("rz", 1), "swap": ("swap", 0), "cswap": ("swap", 1),
}  # fmt: skip
BUILT_IN = {2: {"U": ("u", 0), "CX": ("x", 1)}, 3: {"U": ("u", 0)}}
_STANDARD = {
    2: {
        **_SHARED,
        "cu1": ("p", 1), "cu3": ("u", 1), "u": ("u", 0), "sxdg": ("sxdg", 0), "csx": ("sx", 1), "c3x": ("x", 3),
        "c3sqrtx": ("sx", 3), "c4x": ("x", 4),
    },
    3: {**_SHARED, "CX": ("x", 1), "phase": ("p", 0), "cphase": ("p", 1)},
}  # fmt: skip
# What OpenQASM 2 had from the beginning (Cross et al., arXiv:1707.03429): a file that defines it, defines it twice.
FIRST_2 = frozenset(
    {*_SHARED, "u2", "cu1", "cu3"} - {"sx", "p", "cp", "crx", "cry", "swap", "cswap"},
)
# Where they say different phases, a control or a fractional power makes them different gates.
AMBIGUOUS = frozenset({"U", "u2", "u3"})

_WRITTEN = """OPENQASM 2.0;
gate u2(phi,lambda) q { u3(pi/2,phi,lambda) q; }
gate u0(gamma) q { id q; }
gate cu(theta,phi,lambda,gamma) c,t { p(gamma) c; cu3(theta,phi,lambda) c,t; }
gate rxx(theta) a,b { h a; h b; cx a,b; rz(theta) b; cx a,b; h b; h a; }
gate rzz(theta) a,b { cx a,b; rz(theta) b; cx a,b; }
gate rccx a,b,c { h c; t c; cx b,c; tdg c; cx a,c; t c; cx b,c; tdg c; h c; }
gate rc3x a,b,c,d { h d; t d; cx c,d; tdg d; h d; cx a,d; t d; cx b,d; tdg d; cx a,d; t d; cx b,d; tdg d; h d; t d;
  cx c,d; tdg d; h d; }
"""
_ONLY_2 = frozenset({"u0", "rxx", "rzz", "rccx", "rc3x"})


def base(name: str, version: int, included: bool) -> tuple[str, int] | None:
    """Returns the gate of `steps` and the number of controls that a name stands for, or None.

    Args:
        name: as in the text.
        version: 2 or 3.
        included: whether the standard library is included.

    >>> base("ccx", 3, True), base("ccx", 3, False)
    (('x', 2), None)
    """
    return BUILT_IN[version].get(name) or (_STANDARD[version].get(name) if included else None)


@lru_cache(maxsize=2)
def written(version: int) -> dict[str, Gate]:
    """Returns the definitions of the gates that the libraries make of others.

    Source: qelib1.inc of Qiskit; rc3x: Maslov, arXiv:1508.03273, Fig. 4.
    """
    gates = {one.name: one for one in Reader(_WRITTEN).statements() if isinstance(one, Gate)}
    return {name: gate for name, gate in gates.items() if version == 2 or name not in _ONLY_2}


def standard(version: int) -> set[str]:
    """Returns the names of all gates of a standard library."""
    return {*_STANDARD[version], *written(version)}
