"""Sensing circuits and what they are read as.

`preparing` makes the circuits that prepare probes, `sensing` says what is run (Experiment: probe, time, ending) at
which angles (Settings) and makes the circuit, `rendering` writes it as OpenQASM 3, `transpilation` brings it into a
device's gates and onto its clock, and `counts` holds how often each outcome was read. The package may import `errors`,
`numerics`, `files`, `probes` and `devices`. Public: Experiment, Settings (`sensing`); prepare (`preparing`); Counts
(`counts`); sensing_qasm, write_preparation (`rendering`); on_device (`transpilation`).
"""
