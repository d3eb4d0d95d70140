"""A record without a device behind it, beside what the noise of its spec predicts."""

from __future__ import annotations

from typing import Any

from qsense.estimators.chance import p_value
from qsense.runs.columns import POINT_COLUMNS
from qsense.runs.record import RunRecord
from qsense.runs.record_view import read_estimates


def spec_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Returns a mapping for each point: its times with predicted and measured G, their ratio and z, and one p-value.

    Args:
        record: that has been estimated.

    Raises:
        RecordError: it has not, or the table is damaged.
    """
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in read_estimates(record):
        predicted, measured, error = row["gain_exact"], row["gain"], row["stderr"]
        one = {"time_s": row["time_s"], "predicted": predicted, "measured": measured, "stderr": error}
        one |= {"ratio": measured / predicted if predicted else None, "z": (measured - predicted) / error}
        found.setdefault(tuple(row[name] for name in POINT_COLUMNS), []).append(one)
    return [
        {
            **dict(zip(POINT_COLUMNS, names, strict=True)),
            "times": times,
            "p_value": p_value(sum(one["z"] ** 2 for one in times), len(times)),
        }
        for names, times in found.items()
    ]
