"""What a page says of a plan: of `qsense plan --json`, or of the run spec that `qsense plan --out` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qsense.comparison.asked import GOALS
from qsense.comparison.verdicts import probe_name
from qsense.errors import ContentError
from qsense.files.units import readable_time
from qsense.noise.wording import described
from qsense.reports.page.asked import asked_of, shortened
from qsense.reports.page.blocks import Block, Facts, Part, Section, Table, Texts
from qsense.reports.page.plan_charts import gain_charts, kind_of, size_charts
from qsense.runs.placement import CalibrationNoise
from qsense.signals.magnetic import readable_field

if TYPE_CHECKING:
    from qsense.runs.spec import RunSpec

_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, LookupError)
_OF_TITLE = 120  # letters of a noise
_UNNAMED = "custom"  # what a noise given by its rates is called


def plan_part(plan: Mapping[str, Any], name: str, spec: RunSpec | None = None) -> Part:
    """Returns what is said of a plan.

    Args:
        plan: as `qsense plan --json` prints it, or the table `plan` of a run spec.
        name: of its file.
        spec: the run spec, of such a table.

    Raises:
        ContentError: it is neither.

    >>> plan_part({}, "x.json")
    Traceback (most recent call last):
    qsense.errors.ContentError: x.json: is no plan (KeyError); give what `qsense plan --json` printed, or its --out.
    """
    try:
        return _of_answer(plan, name) if "bounds" in plan else _of_spec(plan, name, spec)
    except _DAMAGE as error:
        raise ContentError(
            f"{name}: is no plan ({type(error).__name__}); give what `qsense plan --json` printed, or its --out."
        ) from error


def _of_answer(plan: Mapping[str, Any], name: str) -> Part:
    rows: Sequence[Mapping[str, Any]] = plan["rows"]
    pulses = list(dict.fromkeys(str(row.get("idle", "free")) for row in rows))
    budget = plan.get("shots") is not None or plan.get("seconds") is not None
    asked = {
        "goal": _goal(plan),
        "planned for": str(plan["source"]) if plan.get("noise") is None else "",
        "noise": "" if plan.get("noise") is None else shortened(f"{plan['source']}: {plan['noise']}"),
        "probes": ", ".join(dict.fromkeys(map(kind_of, rows))),
        "spins": ", ".join(str(size) for size in sorted({int(row["num_qubits"]) for row in rows})),
        "pulses": "" if pulses == ["free"] else ", ".join(pulses),
        "dead time": readable_time(float(plan.get("dead_time_s") or 0)),
        "shots": "" if plan.get("shots") is None else str(plan["shots"]),
        "time": "" if plan.get("seconds") is None else readable_time(float(plan["seconds"])),
        "shots for": "" if budget or not plan.get("precision") else f"±{100 * float(plan['precision']):.3g} % (95 %)",
        "T1 and T2 known to": f"{100 * float(plan.get('uncertainty') or 0):.0f} %",
    }
    drawn = size_charts(plan)
    sections = (
        Section("What was asked", (Facts(tuple((key, text) for key, text in asked.items() if text)),)),
        Section("How much more than product spins, and until when", () if drawn is None else (drawn,)),
        Section("What each probe reaches and costs", (_table(rows),)),
        Section("Assumed where the calibration does not say", _assumed(plan)),
        Section("Left out", _left_out(plan.get("left_out", ()))),
    )
    limit = str(plan["reasons"].get("limit", ""))
    about = f"plan {name}" + (f"; {limit}" if limit else "")
    title = _title(str(plan["source"]), plan.get("noise"))
    return Part(title, about, str(plan["advice"]), tuple(s for s in sections if s.blocks))


def _goal(plan: Mapping[str, Any]) -> str:
    return GOALS.get(str(plan["goal"]), str(plan["goal"]))


def _title(source: str, noise: Any) -> str:
    """For which device, or under which noise with its numbers."""
    if noise is None:
        return f"Plan for {source}"
    words = shortened(str(noise), _OF_TITLE)
    return f"Plan under {words}" if source == _UNNAMED else f"Plan under {source}: {words}"


def _assumed(plan: Mapping[str, Any]) -> tuple[Block, ...]:
    lines = tuple(map(str, plan.get("assumed") or ()))
    return (Texts(lines),) if lines else ()


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    found = []
    for row in rows:
        leads, shots, field = row["leads_until_s"], row["shots"], row.get("field_error_t")
        found.append(
            {
                "probe": probe_name(str(row["probe"])), "N": row["num_qubits"],
                "qubits": ", ".join(map(str, row["qubits"])) or None, "readout": row["readout"],
                "G(0)": f"{float(row['gain_start']):.4g}", "best t": readable_time(float(row["best_time_s"])),
                "gain (dB)": _db(row["advantage_db"]), "𝓘": readable_time(float(row["integrated_gain_s"])),
                "leads for": None if leads is None else readable_time(float(leads)),
                "shots": None if shots is None else f"{int(shots):,}".replace(",", " "),
                "takes": None if row["device_s"] is None else readable_time(float(row["device_s"])),
                "δφt (rad)": None if row["phase_error_rad"] is None else f"{float(row['phase_error_rad']):.2g}",
                "δB": None if field is None else readable_field(float(field)),
            }
        )  # fmt: skip
    return Table.of("Every probe, the best first", found)


def _db(one: Mapping[str, Any]) -> str | None:
    if one["value"] is None:
        return None
    ends = ["…" if one[key] is None else f"{float(one[key]):.2f}" for key in ("low", "high")]
    return f"{float(one['value']):.2f} ({ends[0]} … {ends[1]})"


def _left_out(rows: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    found = [{"probe": row["probe"], "N": row["num_qubits"], "why": row["why"]} for row in rows]
    return (Table.of("Probes that are not planned", found),) if found else ()


def _of_spec(plan: Mapping[str, Any], name: str, spec: RunSpec | None) -> Part:
    rows: Sequence[Mapping[str, Any]] = plan["rows"]
    found = [
        {
            "probe": probe_name(str(row["probe"])), "N": row["num_qubits"], "readout": row.get("readout"),
            "𝓘": _interval(row, "integrated_gain"),
            "best t": None if row.get("best_time_s") is None else readable_time(float(row["best_time_s"])),
            "leads until": _interval(row, "leads_until"), "shots": row.get("run_shots"),
            "takes": None if row.get("run_device_s") is None else readable_time(float(row["run_device_s"])),
        }
        for row in rows
    ]  # fmt: skip
    asked = Facts((("planned for", _goal(plan)), ("source", str(plan["source"])))) if spec is None else asked_of(spec)
    sections = (
        Section("What was asked", (asked,)),
        Section("Planned gain over time", (gain_charts(rows),)),
        Section("What is planned", (Table.of("Planned, with the 95 % interval that T1 and T2 leave open", found),)),
        Section("Assumed where the calibration does not say", _assumed(plan)),
    )
    noises = () if spec is None else [one for one in spec.noises if not isinstance(one, CalibrationNoise)]
    title = _title(str(plan["source"]), described(noises[0]) if noises else None)
    about = f"run spec {name}; asked for: {_goal(plan)}"
    return Part(title, about, str(plan["advice"]), tuple(s for s in sections if s.blocks))


def _interval(row: Mapping[str, Any], key: str) -> str | None:
    value, low, high = (row.get(f"{key}_{end}s") for end in ("", "low_", "high_"))
    if value is None:
        return None
    ends = ["…" if one is None else readable_time(float(one)) for one in (low, high)]
    return f"{readable_time(float(value))} ({ends[0]} … {ends[1]})"
