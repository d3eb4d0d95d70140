// The Dicke state of four spins with two up: the equal superposition of all states with two spins up.
// As an eigenstate of J_z it does not sense a field along z; turned on its side it is twin_fock4.
// The construction is that of Baertschi & Eidenbenz, FCT 2019 (arXiv:1904.07358).
OPENQASM 3.0;
include "stdgates.inc";
qubit[4] q;
x q[2];
x q[3];
cx q[2], q[3];
cry(2.0943951023931953) q[3], q[2];
cx q[2], q[3];
cx q[1], q[3];
cry(0.7853981633974483) q[2], q[1];
cx q[3], q[2];
cry(-0.7853981633974483) q[2], q[1];
cx q[3], q[2];
cry(0.7853981633974483) q[3], q[1];
cx q[1], q[3];
cx q[1], q[2];
cry(1.9106332362490186) q[2], q[1];
cx q[1], q[2];
cx q[0], q[2];
cry(0.6154797086703874) q[1], q[0];
cx q[2], q[1];
cry(-0.6154797086703874) q[1], q[0];
cx q[2], q[1];
cry(0.6154797086703874) q[2], q[0];
cx q[0], q[2];
cx q[0], q[1];
cry(1.5707963267948966) q[1], q[0];
cx q[0], q[1];
