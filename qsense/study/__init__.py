"""A run spec swept over some of its keys: which trials a study has, what they cost, who runs them, and what they show.

It imports runs, comparison, tables, reports and the store; only the command line imports it. `expansion.Study` expands
a study's file into trials; `sweep.sweep` runs those that a store lacks and returns their results. Its steps are
`prepare_study`, `estimate_cost`, `run_study` and `results.study_results`; `report.write_report` writes tables, figures
and summary.
"""
