"""What `qsense theory` prints: a table of G(t), what holds for all times, and the verdict."""

from __future__ import annotations

from typing import Any

from qsense.cli.theory_answer import SEARCHED


def print_theory(answers: list[dict[str, Any]], noise: str) -> None:
    """Prints the answers about probes of one N under one noise, side by side; the verdict is last.

    Args:
        answers: as `theory_answer.answer_of` returns them, at the same times.
        noise: in words.
    """
    from qsense.cli.sensitivity import sensitivity_line
    from qsense.files.folding import print_folded
    from qsense.files.terminal import plain_console, print_line, print_verdict
    from qsense.theory.blind import BLIND
    from qsense.theory.symmetric import NUM_QUBITS

    first = answers[0]
    console = plain_console(highlight=False, piped_width=None)
    print_line(f"{', '.join(one['probe'] for one in answers)}, N = {first['num_qubits']}: {noise}")
    print_folded(console, *_table(answers))
    for one in answers:
        _print_totals(one, f" of {one['probe']}" if len(answers) > 1 else "")
    bound = first["integrated_gain_bound_s"]
    print_line("no finite bound on 𝓘 is known" if bound is None else f"no probe exceeds {_time(bound)}")
    if not first["searched"]:
        large = first["num_qubits"] > NUM_QUBITS
        what = f"more than {NUM_QUBITS} spins" if large else f"dense matrices of more than {SEARCHED} spins"
        print_line(f"crossover and best rate: not searched for {what}")
        return
    for one in answers:
        if one["rate_s"] is not None and not one["commutes_with_field"]:
            dead = f" with {_time(one['dead_time_s'])} dead time" if one["dead_time_s"] else ""
            whose = f" of {one['probe']}" if len(answers) > 1 else ""
            at = _time(one["rate_time_s"], digits=6)
            print_line(f"best rate max Q/t{whose}{dead} = {_time(one['rate_s'])} at t = {at}")
            if (line := sensitivity_line(one)) is not None:
                print_line(line)
    if all(one["commutes_with_field"] for one in answers):
        print_line(_crossing(first))
        print_verdict(f"{', '.join(one['probe'] for one in answers)}: {BLIND}")
    else:
        print_verdict(_crossing(first))


def _crossing(answer: dict[str, Any]) -> str:
    """Until when GHZ leads the product probe, for any probe that was asked for."""
    until = answer["crossover_s"]
    if answer["num_qubits"] == 1:
        return "one spin: GHZ and product are the same state"
    if until is None:
        return "GHZ leads product at all times: they never cross"
    return f"GHZ leads product until {_time(until)}" if until > 0 else "GHZ never leads product"


def _table(answers: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: G of every probe, and what a readout reaches, at every time."""
    from qsense.files.units import time_unit

    size, unit = time_unit(answers[0]["times_s"][-1]) if answers[0]["times_s"][-1] else (1.0, "s")
    columns: list[tuple[str, list[str]]] = [(f"t ({unit})", [f"{one / size:.6g}" for one in answers[0]["times_s"]])]
    for one in answers:
        least = one["gain_resolution"]
        columns.append(("G = Q/t²" if len(answers) == 1 else f"G, {one['probe']}", _gains(one["gain"], least)))
        if "readout" in one:
            columns.append((one["readout"], _gains(one["classical_gain"], least)))
    bounds = ["none known" if one is None else f"{one:.6g}" for one in answers[0]["gain_bound"]]
    columns.append(("bound on any probe", bounds))
    return [name for name, _ in columns], [list(row) for row in zip(*(values for _, values in columns), strict=True)]


def _gains(values: list[float], least: float) -> list[str]:
    return [f"< {least:.1g}" if abs(value) < least else f"{value:.6g}" for value in values]


def _print_totals(one: dict[str, Any], whose: str) -> None:
    from qsense.files.terminal import print_line
    from qsense.theory.blind import BLIND

    until = one["integrated_gain_until_s"]
    window = "" if until is None else f" up to {_time(until, digits=6)}"
    diverges = "infinite (a part of the gain never decays)"
    print_line(f"𝓘{whose} = ∫G dt{window} = {_time(one['integrated_gain_s'], diverges)}   ({one['method']})")
    if "readout" in one:
        reached = _time(one["classical_integrated_gain_s"], "–")
        print_line(f"𝓘_C{whose} of {one['readout']}, phase {one['phase']}: {reached}")
        if one["blind_at"]:
            print_line(f"{one['readout']} is blind to this probe at {one['blind_at']}: it tells nothing of θ")
    if one["commutes_with_field"]:
        print_line(f"{one['probe'] + ': ' if whose else ''}{BLIND}; no time and no readout lets it sense the signal")


def _time(seconds: float | None, otherwise: str = "", digits: int = 8) -> str:
    """A time with its unit, or what is said where there is none."""
    from qsense.files.units import time_unit

    if seconds is None:
        return otherwise
    size, unit = time_unit(abs(seconds)) if seconds else (1.0, "s")
    return f"{seconds / size:.{digits}g} {unit}"
