"""Decide before measuring: which probe, which qubits, how many spins, when, how many shots, how small a field.

A Source (a device, or a noise) gives the curves of all probes of one N, G(t) and what a readout tells of the phase with
preparation and readout in them; rows are numbers of these curves with intervals from uncertain T1 and T2; the advice
rests on the rows. The package may import all up to `runs`. Public: plan_sensing, SensingPlan, Row, Interval, Advice.

| file | holds |
|---|---|
| `question`, `kinds` | what is asked; draws of T1 and T2; kinds of rates, each uncertain by itself |
| `steps`, `ghz_branches` | gates and waits of a circuit; a GHZ state through them |
| `spins`, `curves` | the spins of a probe; each probe's G(t) and information |
| `site`, `noise_source`, `device_source`, `sources` | the probes of one N, and where they come from |
| `outcomes`, `scatter` | numbers of a curve; how far its estimator's G scatters |
| `design`, `costs` | the times and circuits of the run; its shots, seconds and errors |
| `row`, `rows`, `bound` | a row; those of one N; the bound on any probe |
| `ambiguity` | the advantage with ambiguity counted |
| `causes`, `threshold`, `unreported`, `advice` | why entanglement does not pay; on which T2 that hangs; the sentence |
| `plan`, `run_spec`, `ranking` | the whole; as a run spec; devices ranked |
"""

from qsense.planning.advice import Advice
from qsense.planning.plan import SensingPlan, plan_sensing
from qsense.planning.question import Question
from qsense.planning.row import Interval, Row

__all__ = ["Advice", "Interval", "Question", "Row", "SensingPlan", "plan_sensing"]
