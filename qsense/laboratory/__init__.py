"""From any laboratory and back: the circuits of a run carried out to an instrument, and its counts brought in.

`designed` lists the circuits of a run under stable ids, `write_design` writes them as a folder, `read_design` reads
such a folder, or a spec, back. `read_source` reads what an instrument gives, and `arranged` makes counts of spins from
it, as `Reading` says: which letter is which spin, what 1 means, what becomes of lost atoms. No backend is asked
anything, and no code in a file is run.
"""

from qsense.laboratory.design import Design, DesignedCircuit, designed
from qsense.laboratory.folder import write_design

__all__ = ["Design", "DesignedCircuit", "designed", "write_design"]
