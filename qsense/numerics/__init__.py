"""Numerical methods on arrays and functions that know nothing of probes or noise.

`arrays` says where arrays live, on the processor or on a GPU (`cuda`). `fisher` has quantum and classical Fisher
information, `nearly_diagonal` that of states which need no eigenvalues, `nearly_pure` that of states whose small ones
matter, with its error, `twofold` the arrays of 31 digits that it needs, `integration` integrals and roots of functions
that can be called at any time, `quadrature` the rules that integrate values measured at a few times, `angles` the check
that an angle is not too large for floating-point numbers. The package may import `errors` and `installation`. Public:
CPU, Arrays, choose, wanted (`arrays`); qfi, qfi_of_rotation, sub_qfi, symmetric_logarithmic_derivative, cfi (`fisher`);
qfi_nearly_diagonal, steps_needed (`nearly_diagonal`); qfi_and_error, fine_qfi (`nearly_pure`); integrate, first_root,
as_times (`integration`); Rule, gauss_rule, rule_for_times (`quadrature`); check_angle, check_field (`angles`).
"""
