"""What a page is made of: parts with sections, and in them texts, facts, tables and pictures, whatever they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from qsense.comparison.verdicts import probe_name
from qsense.reports.page.circuit_drawing import Drawing
from qsense.reports.page.device_map import DeviceMap
from qsense.reports.page.gain_panels import Look, Panel

MOST_ROWS = 400
"""Of a table; a page of all rows of a large study could not be opened."""


@dataclass(frozen=True)
class Texts:
    """Sentences; more than one are a list."""

    kind: ClassVar[str] = "texts"
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What is asked, or was used: names and values."""

    kind: ClassVar[str] = "facts"
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        caption: says what it has.
        columns: heads.
        rows: of as many texts.
        is_folded: whether it is opened on demand.
        note: under it.
        links: where the first text of each row leads, "" for nowhere; () for none.
        is_sorted: whether its heads sort it, where scripts run.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_folded: bool = False
    note: str = ""
    links: tuple[str, ...] = ()
    is_sorted: bool = False

    @classmethod
    def of(cls, caption: str, rows: Sequence[Mapping[str, Any]], source: str = "", *, is_folded: bool = False) -> Table:
        """Returns a table of rows with one set of columns; of very many the first, and it says where all are.

        >>> Table.of("two", [{"a": 1, "b": None}]).rows
        (('1', '–'),)
        """
        note = f"the first {MOST_ROWS} of {len(rows)} rows; all are in {source}" if len(rows) > MOST_ROWS else ""
        columns = tuple(rows[0]) if rows else ()
        cells = tuple(tuple("–" if v is None else str(v) for v in row.values()) for row in rows[:MOST_ROWS])
        return cls(caption, columns, cells, is_folded, note)


@dataclass(frozen=True)
class Charts:
    """Pictures with one legend, by which parts of them are shown or hidden.

    Attributes:
        panels: of one question each.
        colours, markers: (number, name) of what they stand for; the legend hides them.
        roles: (name of a role, what the legend calls it).
        note: under them.
        signs: number of a colour → marker that goes with it.
    """

    kind: ClassVar[str] = "charts"
    panels: tuple[Panel, ...]
    colours: tuple[tuple[int, str], ...]
    markers: tuple[tuple[int, str], ...]
    roles: tuple[tuple[str, str], ...]
    note: str = ""
    signs: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, panels: Sequence[Panel], look: Look, note: str = "", names: Mapping[str, str] | None = None) -> Charts:
        """Returns pictures with the legend of what they draw; `names` are of roles that mean something else there."""
        drawn = {layer.role for panel in panels for layer in panel.even.layers}
        roles = tuple((role, (names or {}).get(role, name)) for role, name in _ROLES.items() if role in drawn)
        colours = tuple(
            (number, " · ".join(probe_name(name) for name, own in look.probes.items() if own == number))
            for number in dict.fromkeys(look.probes.values())
        )
        markers = tuple(
            (number, " · ".join(name for name, own in look.estimators.items() if own == number))
            for number in dict.fromkeys(look.estimators.values())
        )
        signs = {number: look.markers[name] for name, number in look.probes.items() if name in look.markers}
        return cls(tuple(panels), colours, markers, roles, note, signs)

    @property
    def has_log(self) -> bool:
        return any(panel.log is not None for panel in self.panels)


_ROLES = {
    "exact": "theory (lines)",
    "estimate": "estimates, 95 % bars",
    "band": "95 % band between the times",
    "mitigated": "readout mitigated",
    "crossing": "measured crossing, 95 %",
    "forecast": "crossing by theory",
}


@dataclass(frozen=True)
class Qubits:
    """A device."""

    kind: ClassVar[str] = "qubits"
    map: DeviceMap


@dataclass(frozen=True)
class Circuits:
    """Circuits that were run."""

    kind: ClassVar[str] = "circuits"
    drawings: tuple[Drawing, ...]


@dataclass(frozen=True)
class Listing:
    """A text file, line by line."""

    kind: ClassVar[str] = "listing"
    caption: str
    lines: tuple[str, ...]


Block = Texts | Facts | Table | Charts | Qubits | Circuits | Listing


@dataclass(frozen=True)
class Section:
    """A question and its answer."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Part:
    """What a page says of one record, study or plan.

    Attributes:
        title: its name.
        about: what it is, and when it was made.
        headline: the answer in a sentence.
        sections: the rest.
    """

    title: str
    about: str
    headline: str
    sections: tuple[Section, ...]
