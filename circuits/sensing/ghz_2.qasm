// ghz probe of 2 spins: prepare, sense for 1 s, measure X on every spin.
// theta is the signal's angle, field times time, in rad; up is |1>, the excited state.
// Written by `qsense render`; change the code, not this file.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta;
bit[2] c;
qubit[2] q;
h q[0];
cx q[0], q[1];
barrier q[0], q[1];
rz(theta) q[0];
delay[1.0s] q[0];
rz(theta) q[1];
delay[1.0s] q[1];
barrier q[0], q[1];
h q[0];
h q[1];
c[0] = measure q[0];
c[1] = measure q[1];
