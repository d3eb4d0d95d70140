// The W state of four spins: one excitation shared by all. It is an eigenstate of J_z, so that a field
// along z leaves no trace in it: its metrological gain is 0, a control that every estimator must reproduce.
OPENQASM 3.0;
include "stdgates.inc";
qubit[4] q;
x q[0];
cry(2.0943951023931953) q[0], q[1];  // leaves 1/4 of the weight: 2 acos(sqrt(1/4))
cx q[1], q[0];
cry(1.9106332362490186) q[1], q[2];  // 1/3 of the rest: 2 acos(sqrt(1/3))
cx q[2], q[1];
cry(1.5707963267948966) q[2], q[3];  // 1/2 of the rest: 2 acos(sqrt(1/2))
cx q[3], q[2];
