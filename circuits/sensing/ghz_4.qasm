// ghz probe of 4 spins: prepare, sense for 1 s, measure X on every spin.
// theta is the signal's angle, field times time, in rad; up is |1>, the excited state.
// Written by `qsense render`; change the code, not this file.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta;
bit[4] c;
qubit[4] q;
h q[0];
cx q[0], q[1];
cx q[0], q[2];
cx q[1], q[3];
barrier q[0], q[1], q[2], q[3];
rz(theta) q[0];
delay[1.0s] q[0];
rz(theta) q[1];
delay[1.0s] q[1];
rz(theta) q[2];
delay[1.0s] q[2];
rz(theta) q[3];
delay[1.0s] q[3];
barrier q[0], q[1], q[2], q[3];
h q[0];
h q[1];
h q[2];
h q[3];
c[0] = measure q[0];
c[1] = measure q[1];
c[2] = measure q[2];
c[3] = measure q[3];
