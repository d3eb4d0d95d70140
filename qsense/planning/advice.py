"""One sentence of advice with its reason, and the N at which entanglement stops paying with its cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from qsense.files.units import readable_time
from qsense.planning.causes import LOCAL, TIE_DB, Cause, cause_of
from qsense.planning.question import Question
from qsense.planning.row import Interval, Row
from qsense.planning.site import SHARED, Site
from qsense.planning.threshold import Threshold, hangs_on, threshold_of
from qsense.planning.unreported import hangs_on_unreported


@dataclass(frozen=True)
class Advice:
    """What to build.

    Attributes:
        sentence: the advice and its reason.
        limit: the N at which entanglement stops paying, and why.
        cause: "preparation error", "shared noise", "dead time", "uneven T2 of the spins", "uneven weights", several of
            these ("… and …") where only together they make the difference, or "local noise"; None where it pays at
            every N.
        stops_at: that N; None where it pays at every N that was asked for.
        probe, num_qubits: the row that is advised.
        is_decided: whether the interval of its advantage leaves the sign open.
        threshold: where the advice hangs on T2: within three standard errors of what is known.
        idle: the pulses of the row that is advised.
    """

    sentence: str
    limit: str
    cause: str | None
    stops_at: int | None
    probe: str
    num_qubits: int
    is_decided: bool
    threshold: Threshold | None
    idle: str = "free"

    def to_dict(self) -> dict[str, Any]:
        """Returns all but the sentence, for JSON."""
        return {
            "limit": self.limit,
            "cause": self.cause,
            "stops_at": self.stops_at,
            "probe": self.probe,
            "num_qubits": self.num_qubits,
            "idle": self.idle,
            "is_decided": self.is_decided,
            "threshold": None if self.threshold is None else self.threshold.to_dict(),
        }


def advise(sites: Sequence[Site], rows: Sequence[Row], question: Question) -> Advice:
    """Returns the advice that the rows of all sites give."""
    questions = {one.pulses.name: one for one in question.each()}

    def cause_at(size: int) -> Cause:
        """Why entanglement does not pay there, beside product spins under the pulses that are best for them."""
        best = _best_product(rows, size, question)
        return cause_of(_site_of(best, sites), questions[best.idle])

    entangled = {size: _entangled([row for row in rows if row.num_qubits == size], question) for size in _sizes(rows)}
    champions = {size: _champion(found, question) for size, found in entangled.items() if found}
    top = max(rows, key=lambda row: _worth(row, question))
    if not champions or (top.num_qubits not in champions and question.goal != "crossover"):
        return _without_rival(_best_product(rows, top.num_qubits, question), sites, rows, question)
    stops_at = _stops_at(champions, question)
    asked = _of_cause(champions, stops_at, question)
    cause = None if asked is None else cause_at(asked)
    is_between = asked is not None and stops_at is None  # of N that pay as their signs cancel what spins share
    if is_between and cause and not cause.parts and SHARED in _site_of(champions[asked or 0], sites).removable:
        cause = replace(cause, parts=(SHARED,))
    name = None if cause is None else cause.name
    limit = _limit(champions, stops_at, cause, question)
    if question.goal == "crossover":
        chosen = max(champions.values(), key=lambda row: row.leads_until_s or 0.0)
        said = _fitting(_until(chosen, len(questions) > 1), chosen, rows, question)
        said += hangs_on_unreported(_site_of(chosen, sites), questions[chosen.idle], chosen.leads_until_s or 0.0)
        sure = _leads_surely(chosen)
        return Advice(said, limit, name, stops_at, chosen.probe, chosen.num_qubits, sure, None, chosen.idle)
    champion = champions[top.num_qubits]
    found = champion.advantage_db
    is_tie = found.low >= -TIE_DB and found.high <= TIE_DB
    is_decided = found.low > 0 or found.high < 0 or is_tie
    pays = found.value > TIE_DB
    chosen = champion if pays else _best_product(rows, top.num_qubits, question)
    threshold = threshold_of(_site_of(chosen, sites), questions[chosen.idle])
    is_lost = not pays and abs(found.value) > TIE_DB
    why = None if not is_lost else cause if asked == top.num_qubits else cause_at(top.num_qubits)
    sentence = _sentence(champion, pays, is_decided, threshold, why, question)
    if len(questions) > 1:
        sentence = f"{sentence[:-1]}; pulses of the window: {chosen.idle}."
    said = _fitting(sentence, chosen, rows, question)
    said += hangs_on_unreported(_site_of(chosen, sites), questions[chosen.idle], pays)
    return Advice(
        said, limit, name, stops_at, chosen.probe, chosen.num_qubits, is_decided, threshold, chosen.idle
    )  # fmt: skip


def _sizes(rows: Sequence[Row]) -> list[int]:
    return sorted({row.num_qubits for row in rows})


def _worth(row: Row, question: Question) -> float:
    return row.integrated_gain_s if question.goal == "img" else row.rate_s


def _best_product(rows: Sequence[Row], size: int, question: Question) -> Row:
    of_size = [row for row in rows if row.num_qubits == size and row.kind == "product"]
    return max(of_size, key=lambda row: _worth(row, question))


def _site_of(row: Row, sites: Sequence[Site]) -> Site:
    return next(one for one in sites if (one.num_qubits, one.world.pulses.name) == (row.num_qubits, row.idle))


def _entangled(rows: Sequence[Row], question: Question) -> list[Row]:
    """The entangled probes of one N that are planned: for a crossing that is GHZ."""
    return [row for row in rows if row.kind == "ghz" or (row.probe != "product" and question.goal != "crossover")]


def _without_rival(chosen: Row, sites: Sequence[Site], rows: Sequence[Row], question: Question) -> Advice:
    """The advice where no entangled probe is planned beside the best product spins, with the reason."""
    left_out = _site_of(chosen, sites).left_out
    why = "; ".join(f"{'GHZ' if name == 'ghz' else name}: {reason}" for name, reason in left_out.items())
    limit = f"no entangled probe of N = {chosen.num_qubits} is planned"
    said = _fitting(f"Use product spins: {limit} ({why}).", chosen, rows, question)
    return Advice(said, limit, None, None, chosen.probe, chosen.num_qubits, True, None, chosen.idle)


def _champion(entangled: Sequence[Row], question: Question) -> Row:
    """The best entangled probe of one N."""
    if question.goal == "crossover":
        return max(entangled, key=lambda row: row.leads_until_s or 0.0)
    return max(entangled, key=lambda row: row.advantage_db.value)


def _pays(row: Row, question: Question) -> bool:
    """Whether entanglement wins something: a lead at the start where a crossing is asked for, else dB."""
    if question.goal == "crossover":
        return bool(row.leads_until_s)
    return row.advantage_db.value > TIE_DB


def _stops_at(champions: dict[int, Row], question: Question) -> int | None:
    """The first N from which on entanglement does not pay any more."""
    found = None
    for size in sorted(champions, reverse=True):
        if _pays(champions[size], question):
            break
        found = size
    return found


def _of_cause(champions: dict[int, Row], stops_at: int | None, question: Question) -> int | None:
    """The N whose loss is explained: where it stops paying, or the largest at which it does not among some that do."""
    paying = [size for size in champions if _pays(champions[size], question)]
    between = [size for size in champions if size not in paying and paying and size > min(paying)]
    return stops_at if stops_at is not None else max(between, default=None)


def _limit(champions: dict[int, Row], stops_at: int | None, cause: Cause | None, question: Question) -> str:
    sizes = sorted(champions)
    what = "GHZ leads at first" if question.goal == "crossover" else "entanglement pays"
    asked = f"N = {sizes[0]}" if len(sizes) == 1 else f"every N from {sizes[0]} to {sizes[-1]}"
    if stops_at is None:
        paying = [size for size in sizes if _pays(champions[size], question)]
        if paying == sizes:
            return f"{what} at {asked} of this plan"
        if cause is None:
            return f"{what} from N = {paying[0]} on"
        others = ", ".join(str(size) for size in sizes if size not in paying)
        return f"{what} at N = {', '.join(map(str, paying))}, not at {others}: {cause.name}"
    if question.goal == "crossover":
        at = "at none of these N" if stops_at == sizes[0] else f"only below N = {stops_at}"
    else:
        what = "entanglement"
        at = "pays at none of these N" if stops_at == sizes[0] else f"stops paying at N = {stops_at}"
    return f"{what} {at}" if cause is None else f"{what} {at}: {_explained(cause, stops_at, question)}"


def _explained(cause: Cause, size: int, question: Question) -> str:
    """The cause, and what is left without it."""
    if not cause.parts:
        return LOCAL if question.goal == "crossover" else f"{LOCAL}, which leaves at best a tie"
    if question.goal == "crossover":
        return cause.name
    without = {1: "without it", 2: "without both"}.get(len(cause.parts), "without all of these")
    if math.isinf(cause.value):
        return f"{cause.name}; {without} nothing decays"
    kind = "GHZ" if cause.kind == "ghz" else cause.kind
    return f"{cause.name}; {without} {kind} of N = {size} would have {cause.value:+.2f} dB"


def _until(row: Row, is_chosen: bool) -> str:
    until, span = row.leads_until_s, row.intervals.get("leads_until_s")
    what = f"GHZ of N = {row.num_qubits}" + (f" with the pulses {row.idle}" if is_chosen else "")
    if not until or span is None:
        return f"Use product spins: {what} does not lead even at the start, where it has G = {row.gain_start:.3g}."
    if math.isinf(until):
        return f"Use {what}: it leads at all times, as the noise hardly reaches it."
    high = "any time" if math.isinf(span.high) else readable_time(span.high)
    return (
        f"Use {what} for windows shorter than {readable_time(until)} ({readable_time(span.low)} … {high}), where its G "
        "is above that of product spins; it is ahead longest of the GHZ probes asked for."
    )


def _leads_surely(row: Row) -> bool:
    found = row.intervals.get("leads_until_s")
    return found is not None and (found.low > 0 or found.high == 0)


def _sentence(
    champion: Row, pays: bool, is_decided: bool, threshold: Threshold | None, why: Cause | None, question: Question
) -> str:
    name = _named(champion)
    of = "𝓘" if question.goal == "img" else "information per time"
    size = _db(champion.advantage_db)
    hangs = "" if threshold is None else hangs_on(threshold)
    if pays and is_decided:
        return f"Use {name}: {size} more {of} than product spins{hangs}."
    if pays:
        return f"Undecided, {name} by a little: {size} of {of} over product spins{hangs or ', within its error'}."
    if why is None:
        return f"Use product spins, which are simpler: {name} only ties, as {LOCAL} costs it what it gains{hangs}."
    reason = f"because of {why.name}" if why.parts else f"as {LOCAL} costs it what it gains"
    if is_decided:
        return f"Use product spins: {name}, the best entangled probe of this N, has {size} of {of}, {reason}{hangs}."
    return f"Undecided, product spins by a little: {name} has {size} of {of}, {reason}{hangs}."


def _named(row: Row) -> str:
    if row.kind == "ghz":
        return f"GHZ of N = {row.num_qubits}"
    if row.kind == "optimal":
        return f"the best symmetric probe of N = {row.num_qubits}"
    known = ", an estimate" if row.is_estimate else ""
    return f"{row.kind} spins of N = {row.num_qubits} ({row.probe}{known})"


def _fitting(sentence: str, chosen: Row, rows: Sequence[Row], question: Question) -> str:
    """The sentence; of a budget too small for one repetition, or a precision out of reach, it says so."""
    if not math.isfinite(chosen.shots):
        return f"{sentence}{_out_of_reach(chosen, question)}"
    if chosen.shots >= 1:
        return sentence

    def round_of(row: Row) -> float:
        return row.cost.round_s if question.seconds is not None else row.cost.circuits * len(row.cost.times_s)

    least = min(rows, key=round_of)
    if question.seconds is not None:
        what, given = "seconds", readable_time(question.seconds)
        own, first = (readable_time(round_of(row)) for row in (chosen, least))
    else:
        what, given = "shots", _shots(question.shots or 0)
        own, first = (_shots(round_of(row)) for row in (chosen, least))
    if any(row.shots >= 1 for row in rows):
        return f"{sentence} But not one repetition of each of its circuits fits into {given}: that takes {own}."
    return (
        f"Nothing fits into {given}: one repetition of each circuit takes at least {first} ({_named(least)}); give "
        f"more {what}. With enough of them: {sentence}"
    )


def _shots(number: float) -> str:
    return "1 shot" if number == 1 else f"{number:.0f} shots"


def _out_of_reach(chosen: Row, question: Question) -> str:
    """Why no number of shots reaches the precision, with the floor; "" where there is no crossing to tell."""
    if question.goal == "crossover" and chosen.leads != "until":
        return ""
    asked = f"±{100 * question.precision:.3g} %"
    if not math.isfinite(chosen.cost.floor):
        return " No number of shots tells this crossing: it is not within the times of the run."
    what = "this crossing" if question.goal == "crossover" else "𝓘"
    return (
        f" No number of shots tells {what} to {asked}: the times of the run leave ±{100 * chosen.cost.floor:.2g} %; "
        "ask for no less than that, or give shots or seconds."
    )


def _db(found: Interval) -> str:
    return f"{found.value:+.2f} dB ({found.low:+.2f} … {found.high:+.2f})"
