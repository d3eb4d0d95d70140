"""The devices of a vendor, ranked for a question: each by the best of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from qsense.backends import sampler
from qsense.backends.vendor import all_vendors, vendor_code
from qsense.errors import ArgumentError, QsenseError
from qsense.planning.device_source import DeviceSource
from qsense.planning.plan import SensingPlan, plan_of
from qsense.planning.question import Question


@dataclass(frozen=True, eq=False)
class Ranking:
    """Plans of the devices within reach, the best first, and why others have none.

    Attributes:
        plans: one a device.
        left_out: name of a device → why it is not ranked, or which N it has no room for.
    """

    plans: tuple[SensingPlan, ...]
    left_out: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Returns the ranking for JSON: of each device its best row and its advice."""
        devices = [
            {
                "backend": plan.backend,
                "row": plan.rows[0].to_dict(),
                "advice": plan.advice.sentence,
                "assumed": list(plan.assumed),
            }
            for plan in self.plans
        ]
        return {"devices": devices, "left_out": [{"backend": name, "why": why} for name, why in self.left_out.items()]}


def rank_devices(prefix: str, question: Question, ratio: float | None = None) -> Ranking:
    """Returns the devices of a vendor, ranked by their best row.

    Args:
        prefix: of the vendor, such as "fake".
        question: what is asked; a device has the plan of those N that fit it.
        ratio: gyromagnetic, in Hz/T.

    Raises:
        ArgumentError: there is no such vendor, it lists no devices, or none can answer.
    """
    vendor = next((one for one in all_vendors() if one.prefix == prefix and one.list_devices is not None), None)
    if vendor is None or vendor.list_devices is None:
        known = [one.prefix for one in all_vendors() if one.prefix and one.list_devices is not None]
        raise ArgumentError(f'No vendor "{prefix}" lists its devices; name one of {", ".join(known)}.')
    vendor.check_installed(f"{prefix}:…")
    from qiskit.exceptions import QiskitError

    plans, left_out = [], {}
    with vendor_code(vendor, vendor.list_devices, "list its devices"):
        opened = list(vendor.list_devices())
    for name, backend in opened:
        source = DeviceSource(sampler(name, opened=backend), name)
        fit = tuple(size for size in question.num_qubits if size <= source.sampler.device.num_qubits)
        if not fit:
            left_out[name] = f"it has {source.sampler.device.num_qubits} qubits"
            continue
        try:
            plans.append(plan_of(source, replace(question, num_qubits=fit), ratio, name))
        except QsenseError as error:
            left_out[name] = str(error)
            continue
        except QiskitError as error:
            left_out[name] = f"its circuits cannot be written in its own gates ({type(error).__name__})"
            continue
        if len(fit) < len(question.num_qubits):
            left_out[name] = f"planned to N = {max(fit)} only: it has {source.sampler.device.num_qubits} qubits"
    if not plans:
        first = next(iter(left_out.values()), "it lists none")
        raise ArgumentError(
            f'No device of "{prefix}" has a plan: {first}; give other numbers of spins or another vendor.'
        )
    return Ranking(tuple(sorted(plans, key=lambda plan: -_worth(plan))), left_out)


def _worth(plan: SensingPlan) -> float:
    best = plan.rows[0]
    if plan.question.goal == "crossover":
        return best.leads_until_s or 0.0
    return best.integrated_gain_s if plan.question.goal == "img" else best.rate_s
