"""How the trials of a study become panels and curves: one arrangement for its figures and its page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from qsense.files.figures import choose_evenly

MOST_PANELS = 6
MOST_LEVELS = 4
RATES = ("dephasing_rate_per_s", "emission_rate_per_s", "absorption_rate_per_s")
LABELS = {
    "num_qubits": "number of spins N",
    "dephasing_rate_per_s": "dephasing rate γ (1/s)",
    "emission_rate_per_s": "emission rate γ (1/s)",
    "absorption_rate_per_s": "absorption rate γ (1/s)",
    "field_rad_per_s": "field φ (rad/s)",
    "shots": "shots of a circuit",
}


class Named(Protocol):
    """What has a value of every key of a study."""

    @property
    def names(self) -> dict[str, Any]: ...


Item = TypeVar("Item", bound=Named)


def panels_of(items: Sequence[Item]) -> tuple[str, str | None, dict[str, list[Item]]]:
    """Returns the key along the axis, that with a curve for every value, and the items of each panel by its title."""
    names = [item.names for item in items]
    across = _across_of(names)
    series = _next_axis(names, {"probe", across})
    rest = [name for name in varying(names) if name not in ("probe", across, series, *following(names, across, series))]
    panels: dict[str, list[Item]] = {}
    for item in items:
        panels.setdefault(words_of(item.names, rest), []).append(item)
    return across, series, panels


def levels_of(items: Sequence[Named], series: str | None) -> tuple[list[Any], int]:
    """Returns the values of a key that have curves, evenly chosen where they are many, and how many there are.

    >>> levels_of([], None)
    ([None], 1)
    """
    every = list(dict.fromkeys(item.names[series] for item in items)) if series else [None]
    return choose_evenly(every, MOST_LEVELS), len(every)


def _across_of(names: Sequence[dict[str, Any]]) -> str:
    """Returns the key against which a study is drawn: N where it has three values, else the number with most."""
    numeric = [n for n in varying(names) if all(isinstance(one[n], (int, float)) for one in names)]
    counts = {name: len({one[name] for one in names}) for name in numeric}
    if counts.get("num_qubits", 0) >= 3 or not counts:
        return "num_qubits"
    return max(counts, key=lambda name: counts[name])


def _next_axis(names: Sequence[dict[str, Any]], taken: set[str]) -> str | None:
    """Returns the key whose values are series of a picture; None where none is left."""
    order = ("num_qubits", *RATES)
    return next((name for name in order if name in varying(names) and name not in taken), None)


def following(names: Sequence[dict[str, Any]], *given: str | None) -> list[str]:
    """Returns the names whose values follow from those of the given ones."""
    keys = [key for key in given if key is not None]
    out = []
    for name in varying(names):
        pairs = {(json.dumps([one[key] for key in keys]), json.dumps(one[name])) for one in names}
        if name not in keys and len(pairs) == len({pair[0] for pair in pairs}):
            out.append(name)
    return out


def varying(names: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the keys that have more than one value."""
    return [name for name in names[0] if len({json.dumps(one[name]) for one in names}) > 1]


def words_of(names: dict[str, Any], keys: Sequence[str]) -> str:
    """Returns keys and their values as words."""
    return ", ".join(f"{short_name(key)} {value_text(names[key])}" for key in keys)


def short_name(name: str) -> str:
    """Returns the short name of a key, for legends."""
    return {"num_qubits": "N", **dict.fromkeys(RATES, "γ")}.get(name, name.replace("_", " "))


def value_text(value: Any) -> str:
    """Returns a value as titles have it."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
