"""A noise known only by its channel, whose every answer is checked before theory, emulator or Aer use it.

`qsense.noise.protocol` says what such a noise promises. LocalNoise keeps its promises by construction and is not
wrapped; a NoiseModel checks its own parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from qsense.errors import ArgumentError, QsenseError
from qsense.noise.channel import SpinChannel
from qsense.noise.local import LocalNoise
from qsense.noise.protocol import SpinNoise
from qsense.noise.relaxation import FASTEST, SLOWEST
from qsense.numerics.fisher import FloatArray

NAME = r"^[A-Za-z0-9_.-]+$"
_ROUNDING = 1e-12
_SAMPLES = np.append(0.0, np.geomspace(1e-3, 1e2, 51))  # in units of 1/rate: the decades that a run uses
_Answer = TypeVar("_Answer")


def checked(noise: SpinNoise) -> SpinNoise:
    """Returns a noise whose answers are checked: LocalNoise and NoiseModel as they are, others as a CheckedNoise.

    Raises:
        ArgumentError: it is no noise.
    """
    if not hasattr(noise, "channel"):
        raise ArgumentError(
            "Argument `noise` must be a noise, such as LocalNoise(dephasing=0.1) or LocalNoise.load(...) of a model's "
            f"name, but is {noise!r}."
        )
    checks_itself = isinstance(noise, LocalNoise | CheckedNoise) or hasattr(noise, "spin_channel")
    return noise if checks_itself else CheckedNoise(noise)


def call_extension(label: str, member: str, call: Callable[[], _Answer]) -> _Answer:
    """Returns what the code of an extension returns.

    Args:
        label: what the error calls the extension, such as `The noise "telegraph"`.
        member: what is called, such as `channel`.
        call: the call.

    Raises:
        ArgumentError: the extension's code raised an exception; its first line is quoted.
    """
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused by name
            return call()
    except QsenseError:
        raise
    except Exception as error:
        said = (str(error).splitlines() or [""])[0]
        raise ArgumentError(f"{label} failed in `{member}`: {type(error).__name__}: {said}") from error


@dataclass(frozen=True)
class CheckedNoise:
    """A noise known only by its channel. Each member raises ArgumentError where the noise breaks its promise."""

    noise: SpinNoise

    @property
    def name(self) -> str:
        """The noise's name."""
        name = self._call("name", lambda: self.noise.name)
        if not isinstance(name, str) or not re.fullmatch(NAME, name):
            raise ArgumentError(
                f"The name of a noise must be letters, digits, `_`, `.` and `-`, but {type(self.noise).__name__} "
                f"has {name!r}."
            )
        return name

    @property
    def is_uniform(self) -> bool:
        """Whether the channel is the same for all spins."""
        return bool(self._call("is_uniform", lambda: self.noise.is_uniform))

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that the noise is not for, and a name that is no name."""
        _ = self.name
        self._call("check", lambda: self.noise.check(num_qubits))

    def channel(self, times: FloatArray, num_qubits: int) -> SpinChannel:
        """Returns every spin's channel, three arrays of shape (times, num_qubits)."""
        answer = self._call("channel", lambda: self.noise.channel(times, num_qubits))
        if not isinstance(answer, tuple) or len(answer) != 3:
            raise self._refusal("must return a SpinChannel (coherence, stay_up, stay_down)", answer)
        factors = []
        for word, given, lowest in zip(SpinChannel._fields, answer, (-1.0, 0.0, 0.0), strict=True):
            factor = self._numbers(f"`{word}` of its channel", given, (len(times), num_qubits))
            outside = (factor < lowest - _ROUNDING) | (factor > 1 + _ROUNDING)
            if outside.any():
                raise self._refusal(f"gives no channel: `{word}` must be from {lowest:g} to 1", factor[outside][0])
            factors.append(np.clip(factor, lowest, 1.0))
        coherence, up, down = factors
        if (coherence**2 > up * down + _ROUNDING).any():
            raise self._refusal("gives no channel: coherence² is above stay_up · stay_down")
        for factor in factors:
            if self.is_uniform and not np.allclose(factor, factor[:, :1], rtol=1e-9, atol=_ROUNDING):
                raise self._refusal("says that it is uniform, but its channel differs between spins")
            if not np.allclose(factor[np.asarray(times) == 0], 1, rtol=0, atol=1e-9):
                raise self._refusal("must do nothing at t = 0: all factors of its channel must be 1")
        return SpinChannel(coherence, up, down)

    def decay_rates(self, num_qubits: int) -> FloatArray:
        """Returns every spin's rate in 1/s, shape (num_qubits,), which its channel bears out within a factor of 30."""
        given = self._call("decay_rates", lambda: self.noise.decay_rates(num_qubits))
        rates = self._numbers("`decay_rates`", given, (num_qubits,))
        wrong = (rates != 0) & ~((rates >= SLOWEST) & (rates <= FASTEST))
        if wrong.any():
            raise self._refusal(f"must give decay rates of 0 or from {SLOWEST} to {FASTEST} 1/s", rates[wrong][0])
        for rate in np.unique(rates):
            self._compare(float(rate), rates == rate, num_qubits)
        return rates

    def to_dict(self) -> dict[str, Any]:
        """Returns the entry of a run spec that means this noise."""
        entry = self._call("to_dict", lambda: self.noise.to_dict())
        if not isinstance(entry, dict) or not _is_plain(entry):
            raise self._refusal("must return plain numbers, texts and lists from `to_dict`", entry)
        return entry

    def _compare(self, rate: float, spins: np.typing.NDArray[np.bool_], num_qubits: int) -> None:
        """Refuses a rate on whose time scale the channel does not change, or is over long before."""

        def largest(first: float, last: float, far: bool = False) -> FloatArray:
            """Each spin's largest G between two times in units of 1/rate; what overflows at far times is left out."""
            times = np.linspace(first, last, 15) / (rate or 1.0)
            channel = self._call("channel", lambda: self.noise.channel(times, num_qubits)) if far else None
            coherence = np.asarray((channel or self.channel(times, num_qubits))[0])[:, spins]
            return np.asarray(np.nan_to_num(coherence**2, nan=0.0, posinf=0.0).max(axis=0))

        if rate == 0:
            wrong = largest(1e12, 1.3e12, far=True) < 1e-26
        else:
            late = largest(20, 30)
            wrong = (largest(0.3, 1) < np.exp(-30)) | (late > 1 - 1e-4)
            if (late > np.exp(-1)).any():  # it either stays, or decays more slowly than declared
                falls = [largest(far, 1.3 * far, far=True) < late / 2 for far in (1e4, 1e6)]
                wrong |= (late > np.exp(-1)) & (falls[0] | falls[1])
        if wrong.any():
            raise self._refusal(
                "has `decay_rates` and a channel that disagree: give the rate at which coherence² decays at late "
                "times, within a factor of ten, or 0 where it does not decay",
                f"{rate:g} 1/s",
            )

    def _numbers(self, what: str, given: Any, shape: tuple[int, ...]) -> FloatArray:
        if not isinstance(given, np.ndarray) or given.dtype.kind not in "fiu":
            raise self._refusal(f"must give {what} as an array of real numbers", given)
        if given.shape != shape:
            raise self._refusal(f"must give {what} in the shape {shape}", given.shape)
        array = given.astype(np.float64, copy=False)
        if not np.isfinite(array).all():
            raise self._refusal(f"must give {what} as finite numbers", array[~np.isfinite(array)][0])
        return array

    def _call(self, member: str, call: Callable[[], _Answer]) -> _Answer:
        return call_extension(f'The noise "{_label(self.noise)}"', member, call)

    def _refusal(self, what: str, given: Any = None) -> ArgumentError:
        found = "" if given is None else ", but gives " + " ".join(str(given).split())[:60]
        return ArgumentError(f'The noise "{_label(self.noise)}" {what}{found}.')


def check_channel(noise: SpinNoise, num_qubits: int) -> None:
    """Refuses a noise whose rates or channel are impossible for this number of spins.

    Raises:
        ArgumentError: as `noise.check`, or the noise breaks what `SpinNoise` promises.
    """
    noise = checked(noise)
    noise.check(num_qubits)
    noise = getattr(noise, "local", noise)  # of a NoiseModel, whose other parts are qsense's own
    if isinstance(noise, LocalNoise):
        return
    rates = noise.decay_rates(num_qubits)
    for rate in {float(rates[rates > 0].min()), float(rates.max())} if rates.any() else {1.0}:
        noise.channel(_SAMPLES / rate, num_qubits)


def _label(noise: SpinNoise) -> str:
    """The name of a noise that may have none."""
    name = getattr(noise, "name", None)
    return name if isinstance(name, str) and re.fullmatch(NAME, name) else type(noise).__name__


def _is_plain(value: Any) -> bool:
    if type(value) is dict:
        return all(type(key) is str and _is_plain(one) for key, one in value.items())
    if type(value) is list:
        return all(_is_plain(one) for one in value)
    return type(value) in (bool, int, float, str)
