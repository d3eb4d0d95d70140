"""Fisher information of arrays, integrals and roots of functions, and quadrature over a few measured times."""
