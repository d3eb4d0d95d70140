"""What a run is: its spec, its plan, its qubits on a device, its record, and how it is executed here.

`spec.RunSpec` is the resolved spec, `plan.plan` its points with times, circuits, settings and seeds,
`preparation.prepare_run` puts it on its backend and checks all of it, `execution.execute` measures the points that
`record.RunRecord` lacks, and `readout.calibrate_readout` adds the counts that calibrate readout. `columns` has the
columns of a record's tables. The package imports estimators, theory (at which times to measure) and backends; it knows
nothing of jobs, comparisons or reports. Import its modules: this file loads none of them.
"""
