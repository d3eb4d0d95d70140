"""What a text may not have, with the fix, and how gates are called elsewhere."""

from __future__ import annotations

from collections.abc import Collection


def unitary(word: str) -> str:
    """Returns why a statement that is not unitary is refused.

    >>> unitary("reset")
    'a preparation must be unitary, but has `reset`; remove it.'
    """
    why = " (spins wait, and noise acts, while they sense)" if word == "delay" else ""
    return f"a preparation must be unitary, but has `{word}`; remove it{why}."


_LOOP = "a preparation has no loops, but has `{}`; write its passes out."
_BRANCH = "a preparation has no classical conditions, but has `{}`; remove it."
_VARIABLE = "classical variables are not read, but the text has `{}`; write numbers, or `const float` and `const int`."
_PULSES = "pulses and subroutines are not read, but the text has `{}`; write gates."
_REMOVE = "`{}` is not read; remove it."

WORDS_2 = {
    **{word: unitary(word) for word in ("measure", "reset", "delay")},
    "if": _BRANCH.format("if"),
    "opaque": "`opaque` declares a gate without saying what it does; define it with `gate`.",
    "OPENQASM": "the version is not the first statement; write one version, at the beginning.",
    "pragma": _REMOVE.format("pragma"),
}
WORDS_3 = {
    **WORDS_2,
    **{word: _BRANCH.format(word) for word in ("if", "else", "switch", "case", "default")},
    **{word: _LOOP.format(word) for word in ("for", "while", "break", "continue")},
    **{word: _VARIABLE.format(word) for word in ("int", "uint", "float", "angle", "bool", "complex", "array", "const")},
    **{word: _VARIABLE.format(word) for word in ("duration", "stretch")},
    **{word: _PULSES.format(word) for word in ("def", "extern", "cal", "defcal", "defcalgrammar", "return")},
    "input": "a preparation must have no free parameters, but has `input`; give them numbers, by `const float`.",
    "output": _REMOVE.format("output"),
    "end": _REMOVE.format("end"),
    "@": "annotations (`@…`) are not read; remove them.",
    **{word: f"`{word}` must stand outside of a box; move it." for word in ("qubit", "bit", "qreg", "creg", "gate")},
    **{word: f"`{word}` must stand outside of boxes and gates; move it." for word in ("include", "let", "box", "nop")},
}

_ELSEWHERE = {
    "cnot": "cx", "CNOT": "cx", "ccnot": "ccx", "toffoli": "ccx", "i": "id", "si": "sdg", "ti": "tdg", "v": "sx",
    "phaseshift": "p", "cphaseshift": "cp", "fredkin": "cswap", "H": "h", "X": "x", "Y": "y", "Z": "z", "CZ": "cz",
    "RX": "rx", "RY": "ry", "RZ": "rz", "SWAP": "swap", "vi": "inv @ sx",
}  # fmt: skip


def undefined(names: Collection[str], standard: Collection[str], include: str) -> str:
    """Returns why gates that are not defined are refused, and what would define them.

    Args:
        names: the gates that the text uses and nobody defines.
        standard: the gates of the standard library.
        include: the file that the text does not include, or "".

    >>> undefined(["h", "cnot"], ["h", "cx"], "stdgates.inc")
    'the gates `h`, `cnot` are not defined; add `include "stdgates.inc";` and write `cx` for `cnot`.'
    """
    shown = [f"`{name[:40]}`" for name in names][:5]
    fixes = []
    renamed = {name: _ELSEWHERE[name] for name in names if name in _ELSEWHERE and name not in standard}
    if include and any(name in standard or name in renamed for name in names):
        fixes.append(f'add `include "{include}";`')
    if renamed:
        fixes.append("write " + ", ".join(f"`{right}` for `{name}`" for name, right in renamed.items()))
    if any(name not in standard and name not in renamed for name in names):
        fixes.append("define what is missing with `gate`, before it is used")
    what = "the gate " + shown[0] + " is" if len(names) == 1 else "the gates " + ", ".join(shown) + " are"
    return f"{what} not defined; {' and '.join(fixes)}."
