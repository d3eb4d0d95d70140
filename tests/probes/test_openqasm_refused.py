"""What OpenQASM a preparation may not have is refused in one line, with the text's line and the fix, and at once."""

import re
import time

import pytest
from cases import further

from qsense.errors import ContentError
from qsense.probes import Probe
from qsense.probes.openqasm import tokens

TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def refusal(text):
    start = time.process_time()
    with pytest.raises(ContentError) as caught:
        Probe.from_text(text, "probe")
    assert time.process_time() - start < 120  # a second or so; what it guards against are hours
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith("probe: line ")
    assert len(message) < 400
    return message.removeprefix("probe: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (THREE + "qubit[2] q;\nh q[0];\ndelay[2s] q[0];", "line 5: .* must be unitary, but has `delay`; remove"),
        (THREE + "qubit[2] q;\ndelay[1000dt] q;", "line 4: a preparation must be unitary, but has `delay`"),
        (TWO + "qreg q[1]; delay(100) q[0];", "must be unitary, but has `delay`"),
        (THREE + "qubit q; bit c; c = measure q;", "must be unitary, but has `measure`"),
        (THREE + "qubit q; bit[2] c; c[0] = measure q;", "must be unitary, but has `measure`"),
        (THREE + "qubit q; bit c = measure q;", "must be unitary, but has `measure`"),
        (TWO + "qreg q[1]; creg c[1]; measure q -> c;", "must be unitary, but has `measure`"),
        (TWO + "qreg q[1]; reset q;", "must be unitary, but has `reset`"),
        (THREE + "qubit[3] q;\nfor uint i in [0:1] { cx q[i], q[i+1]; }", "line 4: a preparation has no loops"),
        (THREE + "qubit q; while (true) { x q; }", "no loops, but has `while`"),
        (THREE + "qubit q; bit c; if (c) { x q; }", "no classical conditions, but has `if`"),
        (TWO + "qreg q[1]; creg c[1]; if(c==1) x q[0];", "no classical conditions, but has `if`"),
        (THREE + "qubit q; switch (1) { case 1 { x q; } }", "no classical conditions, but has `switch`"),
        (THREE + "input float a; qubit q; rz(a) q;", "no free parameters, but has `input`"),
        (THREE + "output bit c; qubit q;", "`output` is not read"),
        (THREE + "qubit q; int i = 3; x q;", "classical variables are not read, but the text has `int`"),
        (THREE + "qubit q; duration d = 2ns; x q;", "but the text has `duration`"),
        (THREE + "extern f(int) -> int; qubit q;", "pulses and subroutines are not read, but the text has `extern`"),
        (THREE + "def f(qubit a) { x a; } qubit q; f(q);", "but the text has `def`"),
        (THREE + "defcal x $0 { } x $0;", "but the text has `defcal`"),
        (THREE + "cal { } qubit q;", "but the text has `cal`"),
        (THREE + "qubit q; box[100ns] { x q; }", "a `box` with a duration waits"),
        (THREE + "qubit q; box { x q;", "of a `box` is missing"),
        (THREE + "#pragma braket noise bit_flip(0.1) q[0]\nqubit q;", "`pragma` is not read"),
        (THREE + "qubit q; @reversible\nx q;", "annotations"),
        (TWO + "opaque g a; qreg q[1]; g q[0];", "`opaque` declares a gate"),
        ("OPENQASM 4.0; qubit q;", "OpenQASM `4.0` is not read; use 2.0 or 3.0"),
        (THREE + "OPENQASM 2.0; qubit q;", "the version is not the first statement"),
        ("OPENQASM 3.0;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];",
         'line 3: the gates `h`, `cnot` are not defined; add `include "stdgates.inc";` and write `cx` for `cnot`'),
        ("OPENQASM 3.0; qubit q; vi q; foo q;", "write `inv @ sx` for `vi` and define what is missing"),
        (THREE + "qubit q; g q; gate g a { x a; }", "used before it is defined"),
        (TWO + "qreg q[1]; sx q[0]; gate sx a { x a; }", "`sx` is used before it is defined"),
        (THREE + "gate g a { g a; } qubit q; g q;", "used before it is defined"),
        (THREE + "gate sx a { x a; } qubit q; sx q;", "`sx` is defined by stdgates.inc already; rename it"),
        (TWO + "gate cx a,b { CX a,b; } qreg q[2];", "`cx` is defined by qelib1.inc already"),
        ('OPENQASM 3.0; gate x a { U(1, 0, 0) a; } include "stdgates.inc"; qubit q;', "`x` is defined by .* too"),
        (THREE + "gate g a { x a; }\ngate g a { y a; } qubit q;", "`g` is defined in line 3 already"),
        (THREE + "qubit q;\nbit q;", "`q` is declared in line 3 already; rename one"),
        (THREE + "gate g(a) a { x a; } qubit q;", "gives one name to two"),
        (THREE + "gate g a { x b; } qubit q;", "`b` is no qubit of the gate `g`"),
        (THREE + "gate g a, b { cx a, a; } qubit q;", "a qubit stands twice in `cx`"),
        (THREE + "qubit[2] q; cx q[0], q[0];", "a qubit stands twice in `cx`"),
        (THREE + "qubit[2] q; cx q, q;", "a qubit stands twice in `cx`"),
        (THREE + "qubit[2] q; qubit[3] r; cx q, r;", r"registers of \[2, 3\] qubits"),
        (THREE + "qubit[2] q; x q[2];", "`q` has 2 qubits, but no index 2"),
        (TWO + "qreg q[2]; x q[-1];", "no index -1"),
        (THREE + "qubit q; x q[0];", "a single qubit; write it without an index"),
        (THREE + "bit[2] c; qubit q; x c[0];", "`c` is no register of qubits"),
        (THREE + "qubit q; rx q;", "`rx` takes 1 angles here, but has 0"),
        (THREE + "qubit[2] q; ctrl @ x q[0];", "`x` takes 2 qubits here, but has 1"),
        (THREE + "qubit q; x $3;", "hardware qubits .* stand beside registers"),
        (THREE + "x $3; qubit q; x q;", "hardware qubits .* stand beside registers"),
        (THREE + "barrier $3;", "no gate touches a qubit"),
        (THREE + "bit c;", "has no qubits; declare a register"),
        (THREE + "qubit q; rx(0/0) q;", "not finite"),
        (THREE + "qubit q; rx(sqrt(-1)) q;", "not finite"),
        (THREE + "qubit q; rx(1e999) q;", "not finite"),
        (THREE + "qubit q; rx(nan) q;", "`nan` is no constant"),
        (TWO + "gate g(t) a { rx(1/t) a; } qreg q[1]; g(0) q[0];", "not finite"),
        (THREE + "qubit q; rx(1/2) q;", r"1/2 is 0 for readers .* and 0.5 for others; write 1.0/2"),
        (THREE + "const int n = 5; qubit q; rx(n/2) q;", "5/2 is 2 for readers"),
        (THREE + "qubit q; rx(2^3) q;", r"a power is written `\*\*`"),
        (TWO + "qreg q[1]; rx(2**3) q[0];", r"a power is written `\^` in OpenQASM 2"),
        (THREE + "qubit q; rx(2us) q;", "`2us` stands where a number belongs"),
        (THREE + "qubit q; rx(2im) q;", "`2im` stands where a number belongs"),
        (THREE + "const angle a = pi; qubit q;", "a constant of type `angle` is not read"),
        (THREE + "const int n = 2.5; qubit q;", "must be whole"),
        (THREE + "qubit[2] q; ctrl @ U(0.3, 0, 0) q[0], q[1];", "a control or a power of `U` means one thing"),
        (THREE + "gate g a { u3(1, 2, 3) a; } qubit[2] q; ctrl @ g q[0], q[1];", "a control or a power of `u3` means"),
        (THREE + "gate g a { x a; y a; } qubit q; pow(0.5) @ g q;", r"`pow\(0.5\)` is read where it stands directly"),
        (THREE + "qubit q; x q", "not valid OpenQASM: the text ends where `;` belongs"),
        (THREE + "qubit q; /* x q;", "not valid OpenQASM"),
        (THREE + "qubit q; x q;\n\x1b[31m", "line 4: not valid OpenQASM: the character '.x1b'"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_preparation_is_refused_with_its_line_and_the_fix(text, message):
    assert re.search(message, refusal(text))


@pytest.mark.parametrize("version", ["2.0", "3.0"])
@pytest.mark.parametrize("name", ["/etc/passwd", "mine.inc", "../x.inc", "\x1b[31m"])
def test_only_the_standard_library_is_included(version, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "/" not in name and name.isprintable():
        (tmp_path / name).write_text("gate mine a { U(0,0,0) a; }")
    library, other = ("qelib1.inc", "stdgates.inc")[:: 1 if version == "2.0" else -1]
    message = refusal(f'OPENQASM {version};\ninclude "{name}";\n')
    assert f'is not read, only "{library}" is; paste its text in its place' in message
    assert "root:" not in message
    assert "begin the file with `OPENQASM" in refusal(f'OPENQASM {version}; include "{other}";')


ALL_41 = ", ".join(f"q[{place}]" for place in range(41)) + ";"

SOME_17 = ", ".join(f"q[{place}]" for place in range(17))


def nested(levels, body="g{0} a; g{0} a;", first="x a;"):
    gates = f"gate g0 a {{ {first} }} " + "".join(
        f"gate g{level + 1} a {{ {body.format(level)} }} " for level in range(levels)
    )
    return THREE + gates + f"qubit q; g{levels} q;"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (nested(40), "expands to 3.29853e.12 gates; at most 100000"),
        (nested(40, first=""), "expands to"),
        (nested(90, "pow(1000) @ g{0} a;"), "expands to more than 1e18 gates"),
        (nested(101, "g{0} a;"), "nested deeper than 100"),
        (THREE + "qubit q; pow(1000000000) @ x q;", "expands to 1e.09 gates"),
        (THREE + "qubit q; pow(-1e300) @ x q;", "expands to more than 1e18 gates"),
        (THREE + "qubit q; pow(1e300 + 0.5) @ x q;", "expands to"),
        (THREE + "qubit q; pow(100000.5) @ x q;", "expands to|is read where"),
        (THREE + "gate g(k) a { pow(k) @ x a; } qubit q; g(1e9) q;", "expands to 1e.09 gates"),
        (THREE + "gate g(k) a { pow(k) @ x a; } gate f(k) a { pow(k) @ g(k) a; } qubit q; f(90000) q;", "expands to"),
        (THREE + "qubit[31] q; ctrl(30) @ x q[0];", "must have 1 to 16 controls"),
        (THREE + "qubit[31] q; " + "ctrl @ " * 40 + "x q[0];", "takes 41 qubits"),
        (THREE + "qubit[41] q; " + "ctrl @ " * 40 + "x " + ALL_41, "has 40 controls"),
        (THREE + "qubit q; " + "inv @ " * 100000 + "x q;", "more than 50 modifiers"),
        (nested(99, "inv @ " * 50 + "g{0} a;"), "nested too deeply"),
        (THREE + "qubit[1000000] q;", "1e.06 qubits are declared; at most 10000"),
        (THREE + "".join(f"qubit[9999] q{place}; " for place in range(3)), "qubits are declared"),
        (THREE + "qubit[2**62] q;", "must be a whole number|qubits are declared"),
        (THREE + "qubit[2.5] q;", "the size 2.5 must be a whole number"),
        (THREE + "qubit[0] q;", "must be a whole number, at least 1"),
        (THREE + f"qubit[{'9' * 5000}] q;", "has 5000 digits"),
        (THREE + "qubit q; rx(" + "(" * 100000, "nested deeper than 100"),
        (THREE + "qubit q; rx(" + "-" * 100000 + "1) q;", "nested deeper than 100"),
        (THREE + "qubit q; rx(" + "2**" * 100000 + "1) q;", "nested deeper than 100"),
        (THREE + "qubit q; rx(9**9**9**9**9) q;", "not finite"),
        (THREE + "qubit q; " + "box { " * 100000, "of a `box` is missing"),
        further((THREE + "qubit q; " + "x q;" * 100001, "expands to 100001 gates")),
        (THREE + "qubit q; " + "// 10 MB\n" * 1200000, "the text has .* characters; at most 4000000"),
        (THREE + "qubit[10000] q; " + "barrier; " * 50000, "barriers and gates of many controls are too many"),
        (THREE + "qubit[10000] q; " + "".join(f"let a{i} = q[0:9999]; " for i in range(2000)), "expands to"),
        (THREE + "qubit[17] q; " + f"ctrl(16) @ x {SOME_17}; " * 500, "of many controls"),
        (nested(14, first="rx(" + "+".join(["1"] * 10000) + ") a;"), "expands to"),
        (THREE + "gate g(" + ", ".join(f"p{i}" for i in range(20000)) + ") a { x b; } qubit q;", "is no qubit of"),
        (THREE + "".join(f"const float c{i} = {i}; " for i in range(10000))
         + "gate g(t) a { " + "rx(t) a; " * 10000 + "} qubit q; g(nan) q;", "`nan` is no constant"),
        (THREE + "qubit[5000] q; " + "h q; " * 30, "expands to 105000 gates"),
    ],
    ids=lambda value: value[-60:] if isinstance(value, str) else None,
)  # fmt: skip
def test_what_expands_to_too_much_is_refused_before_it_expands(text, message):
    assert re.search(message, refusal(text))


def test_words_are_counted_while_they_are_read(monkeypatch):
    monkeypatch.setattr(tokens, "MOST_TOKENS", 1000)
    assert "more than 1000 words and signs" in refusal(THREE + ";" * 1001)


def test_long_sums_and_many_small_gates_are_read():
    text = THREE + "qubit[2] q; rx(" + "+".join(["0.001"] * 3000) + ") q[0]; " + "x q[1]; " * 20000
    assert Probe.from_text(text, "long").num_qubits == 2


def test_a_file_that_never_ends_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "sparse.qasm"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ContentError, match="the text has"):
        Probe.from_qasm(path)
