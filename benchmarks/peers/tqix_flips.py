"""tqix's phase-flip channel, and the QFI of its states. It has no channel for emission.

tqix 4.3 imports torch and matplotlib, which it does not declare and its channels do not use: they are replaced by empty
stand-ins, so that nothing but NumPy and SciPy is timed.
"""

import sys
from unittest.mock import MagicMock

import numpy as np
from exchange import serve, statevector
from fisher import gain

STAND_INS = ("torch", "matplotlib", "matplotlib.pyplot", "matplotlib.animation", "mpl_toolkits", "mpl_toolkits.mplot3d")


def prepare():
    for name in STAND_INS:
        sys.modules.setdefault(name, MagicMock())
    sys.modules["torch"].is_tensor = lambda _: False
    from tqix.qobj import qx
    from tqix.qoper import phaseflip_chl

    def solve(request):
        if request["kind"] != "dephasing":
            raise ValueError("tqix has no channel for emission.")
        state, generator = statevector(request)
        start = qx(np.outer(state, state.conj()))
        flips = [-np.expm1(-2 * request["rate"] * time) / 2 for time in request["times"]]
        return [gain(phaseflip_chl(start, flip).toarray(), generator) for flip in flips], "torch replaced by a stand-in"

    return solve


if __name__ == "__main__":
    serve(prepare, ["tqix"])
