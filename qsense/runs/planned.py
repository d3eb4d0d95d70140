"""What a plan foresaw of a run, in the table `plan` of its spec: `qsense compare` sets it beside what was measured."""

from __future__ import annotations

from pydantic import Field, model_validator

from qsense.files.toml_file import Table


class PlannedRow(Table):
    """Of one probe: G(t) as the run's estimator would show it, with its 95 % interval, at a few times.

    Attributes:
        probe, num_qubits: whose.
        times_s: increasing.
        gain, gain_low, gain_high: at these times.
        circuit_variance: n times the variance of G with n shots of every circuit, at these times.
        integrated_gain_s: 𝓘, with its interval.
        leads_until_s: until when it is above the product probe; absent where it always is, or for that probe itself.
        dead_time_s: of one repetition, preparation and readout included.
        phase_error: of φt of one repetition at the best time, in rad.
        run_shots, run_device_s: of the spec's run, all times and circuits together, without readout calibration.
        run_frequency_error_rad_per_s: of φ by the circuits of the run.
    """

    probe: str
    num_qubits: int = Field(ge=1)
    readout: str
    times_s: list[float] = Field(min_length=2)
    gain: list[float]
    gain_low: list[float]
    gain_high: list[float]
    circuit_variance: list[float] = []
    integrated_gain_s: float
    integrated_gain_low_s: float
    integrated_gain_high_s: float
    leads_until_s: float | None = None
    leads_until_low_s: float | None = None
    leads_until_high_s: float | None = None
    best_time_s: float | None = None
    phase_error: float | None = None
    dead_time_s: float = 0.0
    run_shots: int | None = None
    run_device_s: float | None = None
    run_frequency_error_rad_per_s: float | None = None

    @model_validator(mode="after")
    def _are_as_many(self) -> PlannedRow:
        every = [self.gain, self.gain_low, self.gain_high, self.circuit_variance or self.gain]
        if any(len(one) != len(self.times_s) for one in every):
            raise ValueError("`times_s`, `gain`, `gain_low`, `gain_high` and `circuit_variance` must be as many")
        if any(after <= before for before, after in zip(self.times_s, self.times_s[1:], strict=False)):
            raise ValueError("`times_s` must increase")
        return self


class PlanEntry(Table):
    """The table `plan`: of which goal, from which source, and what was foreseen. It decides no counts.

    Attributes:
        assumed: a sentence of each qubit whose T1 or T2 the calibration does not report; absent where there is none.
        calibration_shots, calibration_device_s: those that calibrate the readout, beside the rows'.
    """

    goal: str
    source: str
    advice: str = ""
    assumed: list[str] | None = None
    rows: list[PlannedRow] = Field(min_length=1)
    calibration_shots: int = 0
    calibration_device_s: float = 0.0
