"""The plan: all rows, ranked, the bounds, the advice; and `plan_sensing`, which makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from qsense.errors import ArgumentError
from qsense.files.markup import paragraph, table
from qsense.noise.wording import described
from qsense.planning.advice import Advice, advise
from qsense.planning.ambiguity import Unambiguous, unambiguous
from qsense.planning.bound import Bound, bound_of
from qsense.planning.question import PRECISION, UNCERTAINTY, Goal, Question, sequences_of
from qsense.planning.row import Row
from qsense.planning.rows import level_of, rows_of, tables_of
from qsense.planning.site import Site, Source
from qsense.planning.sources import source_of
from qsense.planning.telling import NothingToPlanError, ranked
from qsense.signals import UNIFORM, Signal
from qsense.signals.magnetic import KEY, checked_ratio


@dataclass(frozen=True, eq=False)
class SensingPlan:
    """What to build, what it costs and what it sees.

    Attributes:
        source: the device's or the noise's name.
        backend: the device's name; None for a noise.
        noise: as it was given; None for a device.
        question: what was asked.
        rows: the best first.
        bounds: what no probe exceeds, one for each N.
        advice: the sentence, and what it rests on.
        ratio: gyromagnetic, in Hz/T.
        left_out: (name of a probe, N) → why it is not planned.
        sites: the spins of each N and the curves of their probes.
        tick: of the device's clock in s; 0 where any time is possible.
        qubits: as they were asked for.
    """

    source: str
    backend: str | None
    noise: Any
    question: Question
    rows: tuple[Row, ...]
    bounds: tuple[Bound, ...]
    advice: Advice
    ratio: float | None
    left_out: dict[tuple[str, int], str]
    sites: tuple[Site, ...]
    tick: float = 0.0
    qubits: Sequence[int] | str | None = None

    def site(self, num_qubits: int) -> Site:
        """Returns the probes of one N, with their curves; of several sequences of pulses the one that is advised."""
        sites = [site for site in self.sites if site.num_qubits == num_qubits]
        return next((site for site in sites if site.world.pulses.name == self.advice.idle), sites[0])

    @property
    def assumed(self) -> tuple[str, ...]:
        """A sentence of each qubit of a device whose T1 or T2 is not reported, or was cut."""
        return tuple(dict.fromkeys(one for site in self.sites for one in site.assumed))

    @property
    def words(self) -> str:
        """What acts on the spins, with its numbers; of a device its name, as each probe has the noise of its qubits."""
        return self.source if self.backend is not None else described(self.site(self.advice.num_qubits).world)

    @cached_property
    def unambiguous(self) -> Unambiguous:
        """What entanglement saves at the advised N with ambiguity counted; it takes a second or two."""
        size, of = self.advice.num_qubits, self.of_advice()
        why = self.left_out.get(("ghz", size))
        if why is not None and not any(row.kind == "ghz" and row.num_qubits == size for row in of.rows):
            product = of.row("product", size)
            return Unambiguous(size, None, product.run_frequency_error_rad_per_s, product.dynamic_range_rad_per_s, why)
        return unambiguous(of.site(size), of.row("ghz", size), of.row("product", size), of.question)

    def of_advice(self) -> SensingPlan:
        """Returns the plan of the sequence of pulses that is advised."""
        idle = self.advice.idle
        return replace(
            self,
            question=next(one for one in self.question.each() if one.pulses.name == idle),
            rows=tuple(row for row in self.rows if row.idle == idle),
            sites=tuple(site for site in self.sites if site.world.pulses.name == idle),
        )

    def rounded(self, time: float) -> float:
        """Returns a time in s on the device's clock."""
        return max(round(time / self.tick), 1) * self.tick if self.tick else time

    def row(self, probe: str, num_qubits: int) -> Row:
        """Returns the row of a probe: "ghz", "product" or "squeezed".

        Raises:
            ArgumentError: there is none.
        """
        for row in self.rows:
            if row.num_qubits == num_qubits and probe in (row.kind, row.probe):
                return row
        why = self.left_out.get((probe, num_qubits))
        raise ArgumentError(
            f'The plan has no row of "{probe}" with {num_qubits} spins' + ("." if why is None else f": {why}.")
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the plan for JSON."""
        asked = self.question
        return {
            "source": self.source,
            "backend": self.backend,
            "noise": self.words if self.backend is None else None,
            "goal": asked.goal,
            "dead_time_s": asked.dead_time,
            "shots": asked.shots,
            "seconds": asked.seconds,
            "precision": asked.precision,
            "uncertainty": asked.uncertainty,
            KEY: self.ratio,
            "rows": [row.to_dict() for row in self.rows],
            "bounds": [bound.to_dict() for bound in self.bounds],
            "unambiguous": self.unambiguous.to_dict(),
            "advice": self.advice.sentence,
            "assumed": list(self.assumed),
            "reasons": self.advice.to_dict(),
            "left_out": [
                {"probe": probe, "num_qubits": size, "why": why} for (probe, size), why in self.left_out.items()
            ],
        }

    def _repr_html_(self) -> str:
        """The advice and the rows in a notebook; times in s."""
        head = ("probe", "N", "G(0)", "best t (s)", "gain (dB)", "leads for (s)", "shots")
        rows = [
            (
                row.probe,
                row.num_qubits,
                row.gain_start,
                row.best_time_s,
                row.advantage_db.value,
                row.leads_until_s,
                row.shots,
            )
            for row in self.rows
        ]
        return paragraph(self.advice.sentence) + paragraph(self.advice.limit) + table(rows, head)

    def to_spec(self, name: str = "plan") -> dict[str, Any]:
        """Returns the keys of the run spec that would measure what is advised; see `planning.written`."""
        from qsense.planning.run_spec import spec_of

        return spec_of(self.of_advice(), name)


def plan_sensing(
    backend: str | None = None,
    *,
    noise: Any = None,
    num_qubits: int | Sequence[int] = (2, 3, 4),
    goal: Goal = "rate",
    dead_time: float = 0.0,
    shots: int | None = None,
    seconds: float | None = None,
    precision: float = PRECISION,
    uncertainty: float = UNCERTAINTY,
    signal: Signal = UNIFORM,
    idle: str = "free",
    qubits: Sequence[int] | str | None = None,
    gyromagnetic_ratio: float | str | None = None,
    with_optimum: bool = False,
    allow_code: bool = False,
) -> SensingPlan:
    """Returns which probe to build, on which qubits, with how many spins, when to measure and how often, and why.

    Args:
        backend: a device, "fake:boston" or "module:factory"; or give `noise`.
        noise: a noise model, its name or file; its probes are prepared and read without error.
        num_qubits: numbers of spins, each at least 2.
        goal: "rate" (information about φ per total time), "field" (the same, for the least error), "img" (𝓘) or
            "crossover" (until when GHZ leads).
        dead_time: in s of each repetition, beside preparation and readout as a device reports them.
        shots: repetitions that may be made of each probe, all circuits and times together; or
        seconds: that may be spent on each; or neither: what `precision` needs.
        precision: half of the 95 % interval, as in `shots_for` and `run_until_error`, as a share: of G at the best
            time, of 𝓘 or of the crossing, as the goal says.
        uncertainty: relative standard error of T1 and T2.
        signal: weights and waveform of the field.
        idle: pulses of the window: a name, several ("free,hahn,cpmg:2") or "auto", from which the best is found.
        qubits: of the device: as in `[device]` of a spec.
        gyromagnetic_ratio: in Hz/T, or a name such as "nv"; by default the noise model's, where it has one.
        with_optimum: whether the best symmetric probe is searched too, of a noise and up to N = 8; seconds each.
        allow_code: whether a module:factory may be imported.

    Raises:
        ArgumentError: an argument is out of range, the device is too small, or nothing there decays.

    >>> import qsense
    >>> plan = plan_sensing(noise=qsense.LocalNoise(emission=0.1), num_qubits=4, goal="img")
    >>> plan.advice.probe, round(plan.row("ghz", 4).advantage_db.value, 2)
    ('ghz', 1.35)
    """
    sizes = (num_qubits,) if isinstance(num_qubits, int) else tuple(num_qubits)
    sequences = sequences_of(idle, signal)
    question = Question(
        sizes, goal, dead_time, shots, seconds, precision, uncertainty, signal, sequences[0], sequences, with_optimum
    )  # fmt: skip
    source = source_of(backend, noise, question, qubits, allow_code)
    ratio = _ratio(gyromagnetic_ratio, noise)
    return plan_of(source, question, ratio, backend, noise, qubits)


def plan_of(
    source: Source,
    question: Question,
    ratio: float | None,
    backend: str | None = None,
    noise: Any = None,
    qubits: Sequence[int] | str | None = None,
) -> SensingPlan:
    """Returns the plan for a source that is open; the rest as of `plan_sensing`."""
    sites, rows, bounds, refused = [], [], [], dict[tuple[str, int], NothingToPlanError]()
    for size in sorted(set(question.num_qubits)):
        here = []
        for one in question.each():
            try:
                here.append((ranked(source.site(size, one), source.name), one))
            except NothingToPlanError as why:
                refused["product", size] = why
        if not here:
            continue
        tables = [tables_of(site, one) for site, one in here]
        levels = [level_of(site, one, made) for (site, one), made in zip(here, tables, strict=True)]
        level = max(levels, key=lambda one: float(one[0][0]))
        sites += [site for site, _ in here]
        for (site, one), made in zip(here, tables, strict=True):
            rows += rows_of(site, one, ratio, made, level)
        found = [bound_of(site, one, float(level[0][0])) for site, one in here]
        bounds.append(max(found, key=lambda bound: bound.value_s))
    if not rows:
        raise next(iter(refused.values()))
    left_out = {key: str(why).rstrip(".") for key, why in refused.items()}
    left_out |= {(name, site.num_qubits): why for site in sites for name, why in site.left_out.items()}
    advice = advise(sites, rows, question)
    in_order = tuple(sorted(rows, key=lambda row: _rank(row, question)))
    return SensingPlan(
        source.name,
        backend,
        noise,
        question,
        in_order,
        tuple(bounds),
        advice,
        ratio,
        left_out,
        tuple(sites),
        source.tick,
        qubits,
    )


def _rank(row: Row, question: Question) -> tuple[float, int]:
    if question.goal == "crossover":
        return -(row.leads_until_s or 0.0), row.num_qubits
    return -(row.integrated_gain_s if question.goal == "img" else row.rate_s), row.num_qubits


def _ratio(given: float | str | None, noise: Any) -> float | None:
    if given is not None:
        try:
            return checked_ratio(given)
        except ArgumentError as error:
            raise ArgumentError(f"Argument `gyromagnetic_ratio` {error}") from error
    if not isinstance(noise, str):
        return None
    from qsense.noise.entries import LocalEntry
    from qsense.noise.loading import ratio_of_entry

    return ratio_of_entry(LocalEntry(noise=noise))
