"""How the answers of an instrument are read: stated once, in the folder of a design, by options or by arguments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from qsense.files.toml_file import Table

SCHEMA = 1
FILE = "reading.toml"
First = Literal["first", "last"]
One = Literal["up", "down"]
Lost = Literal["refuse", "drop", "keep", "keep_or_drop"]
Shots = Literal["planned", "measured"]


class Reading(Table):
    """What letters and numbers of an instrument mean.

    Attributes:
        leftmost: whether the leftmost letter of a bit string is the first spin, or the last as in Qiskit.
        one: whether 1 is up, the excited state, or down. Ions: what is bright is mostly down.
        spins: which spin each place is, place 0 being the first spin's; () for their order.
        lost: what becomes of shots in which spins are lost or that are missing: "refuse"; "drop" (post-selected: such a
            shot counts for no spin); "keep" the spins that are left, for estimators that read each spin by itself;
            "keep_or_drop": keep for those, drop for the others.
        shots: whether every circuit must have its planned shots, or as many as were measured count.
    """

    leftmost: First = "last"
    one: One = "up"
    spins: tuple[int, ...] = ()
    lost: Lost = "refuse"
    shots: Shots = "planned"


class ReadingFile(Reading):
    """reading.toml of a design's folder: of which design it is, how it was written, and how it is read back."""

    file_schema: Annotated[int, Field(alias="schema", strict=True, ge=1, le=SCHEMA)]
    design: str
    known_shots: Annotated[int, Field(ge=0, le=1_000_000_000, strict=True)] = 0
    signal: Literal["injected", "none"] = "injected"

    @property
    def reading(self) -> Reading:
        return Reading(**{name: getattr(self, name) for name in Reading.model_fields})


def reading_text(design: str, known_shots: int, signal: str) -> str:
    """Returns reading.toml of a new design."""
    return f'''# How `qsense import` reads what you bring back. Correct it once, before the first import.
# Options of the command override it.
schema = {SCHEMA}
design = "{design}"
known_shots = {known_shots}
signal = "{signal}"

# The leftmost letter of a bit string: "last" spin (as Qiskit writes), or "first" spin (spin 0).
# Arrays and Braket's results have the spins in their order, whatever stands here.
leftmost = "last"
# 1 is "up" (the excited state, |1>) or "down". Where 1 stands for a bright ion, that is mostly "down".
one = "up"
# Which spin each place is, if the instrument has another order, such as [2, 0, 1]; [] for none.
spins = []
# Shots with lost atoms ("?") or missing shots: "refuse", or "drop" (post-selected: such a shot counts for no spin).
# "keep" uses the spins that are left, where the estimator reads each spin by itself (product, ramsey_scan), and refuses
# the others; "keep_or_drop" keeps for those and drops for the others. All hold if losing an atom has nothing to do with
# its state.
lost = "refuse"
# "planned": every circuit has the shots of settings.csv. "measured": as many as there are.
shots = "planned"
'''
