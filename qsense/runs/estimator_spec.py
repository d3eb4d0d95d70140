"""One estimator of a run spec: its name, its shots and its options, resolved by the registry of estimators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qsense.errors import ArgumentError, at_key, extension_code, is_own, nearest
from qsense.estimators.estimator import Estimator, Option
from qsense.estimators.registry import AUTO, automatic, estimator_named
from qsense.probes import Probe
from qsense.runs.spec_entries import EstimatorEntry
from qsense.signals import Signal


@dataclass(frozen=True)
class EstimatorSpec:
    """One way to estimate G from counts.

    Attributes:
        kind: "auto", or the name of a registered estimator.
        shots: for every circuit, on average over the times.
        options: those that are not the estimator's default, as (key, value), in the order that it declares them.
        probes: names or kinds of the only ones that it is for; () is all that it goes with.
    """

    kind: str
    shots: int
    options: tuple[tuple[str, Any], ...] = ()
    probes: tuple[str, ...] = ()

    @classmethod
    def from_entry(cls, entry: EstimatorEntry, shots: int, source: str, key: str) -> EstimatorSpec:
        """Returns what an entry of a spec file means.

        Args:
            entry: a table of `estimators`.
            shots: where the entry gives none.
            source: what an error calls the file.
            key: of the entry, such as `estimators[0]`.

        Raises:
            SpecError: the estimator, an option or a value is unknown.
        """
        with at_key(source, f"{key}.estimator"):
            known = _options(entry.estimator)
        given = {}
        for name, value in (entry.model_extra or {}).items():
            with at_key(source, f"{key}.{name}"):
                if name not in known:
                    raise ArgumentError(_unknown(entry.estimator, name, known))
                given[name] = known[name].checked(name, value)
        options = tuple((n, given[n]) for n, option in known.items() if n in given and given[n] != option.default)
        return cls(entry.estimator, entry.shots or shots, options, tuple(entry.probes or ()))

    def to_dict(self) -> dict[str, Any]:
        """Returns the keys of the spec file."""
        given = dict(self.options)
        options = {
            name: given.get(name, option.default)
            for name, option in _options(self.kind).items()
            if option.always_written or name in given
        }
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
        only = {"probes": list(self.probes)} if self.probes else {}
        return {"estimator": self.kind, "shots": self.shots, **only, **plain}

    @property
    def name(self) -> str:
        """How tables and records call it; options appear where they are not the default.

        >>> EstimatorSpec("ghz", 100, (("readout", "parity"),)).name
        'ghz(parity)'
        """
        words = [self._word(key, value) for key, value in self.options]
        return f"{self.kind}({', '.join(words)})" if words else self.kind

    def _word(self, key: str, value: Any) -> str:
        """One option in the name: text alone where no other option could have it, else with its key."""
        if not isinstance(value, str):
            return f"{key}={value}"
        known = _options(self.kind)
        if self.kind == AUTO or is_own(estimator_named(self.kind)):
            return value
        others = [o for name, o in known.items() if name != key and isinstance(o.default, str)]
        ambiguous = any(not option.allowed or value in option.allowed for option in others)
        if value.isprintable() and not any(c in value for c in "=,()'\""):
            return f"{key}={value}" if ambiguous else value
        return f"{key}={value!r}"  # a text that may look like another option

    def goes_with(self, probe: Probe) -> bool:
        """Returns whether the estimator is for probes of this kind."""
        if self.probes and not {probe.name, probe.kind} & {*self.probes}:
            return False
        if self.kind == AUTO:
            return True
        chosen = estimator_named(self.kind)
        with extension_code(chosen, f'the estimator "{self.kind}", asked for {probe.name}'):
            return chosen.goes_with(probe)

    def reason(self, probe: Probe) -> str | None:
        """Returns why "auto" took what it took, in a sentence; None where the spec named it.

        >>> EstimatorSpec("auto", 100).reason(Probe.ghz(4))
        'ghz: one 2×2 block carries all information, so two circuits a time are enough for any N'
        """
        return automatic(probe)[1] if self.kind == AUTO else None

    @property
    def probe_kinds(self) -> str:
        """The kinds of probes that it goes with, in words."""
        return " or ".join(self.probes or estimator_named(self.kind).probe_kinds)

    def for_probe(self, probe: Probe) -> Estimator:
        """Returns the estimator of a probe.

        Raises:
            ArgumentError: it does not go with the probe, or the probe is too large for it.

        >>> EstimatorSpec("auto", 100).for_probe(Probe.ghz(40))
        GhzBlock(num_qubits=40, method='loss_flag')
        """
        chosen = automatic(probe)[0] if self.kind == AUTO else estimator_named(self.kind)
        if self.kind == AUTO and (refusal := chosen.by_name_only(probe)) is not None:
            raise ArgumentError(refusal)
        if not (chosen.goes_with(probe) if self.kind == AUTO else self.goes_with(probe)):
            raise ArgumentError(
                f'The estimator "{self.kind}" goes with a {self.probe_kinds} probe, but the probe is "{probe.name}".'
            )
        options = {name: option.default for name, option in chosen.options.items()}
        with extension_code(chosen, f'the estimator "{self.name}" for {probe.name} N={probe.num_qubits}'):
            method = chosen.for_probe(probe, **{**options, **dict(self.options)})
        if not isinstance(method, Estimator):
            raise ArgumentError(
                f'the estimator "{self.kind}" gives {type(method).__name__} for {probe.name}; `for_probe` must return '
                "an Estimator."
            )
        return method

    def for_signal(self, probe: Probe, signal: Signal) -> Estimator:
        """Returns the estimator of a probe that senses a signal with weights.

        Raises:
            ArgumentError: as `for_probe`; it is for signals of equal weights, or the probe does not see the signal.
        """
        method = self.for_probe(probe)
        if signal.has_unit_weights:
            return method
        with extension_code(method, f'the estimator "{self.name}", given the weights of the signal'):
            return method.with_weights(tuple(signal.weights_of(probe.num_qubits).tolist()))


def _options(kind: str) -> Mapping[str, Option]:
    return {} if kind == AUTO else estimator_named(kind).options


def _unknown(kind: str, name: str, known: Mapping[str, Option]) -> str:
    if not known:
        return f'the estimator "{kind}" has no options; remove `{name}`.'
    return f'the estimator "{kind}" has no option `{name}`. {nearest(name, known)}'
