"""Studies started by scripts: what a worker cannot import is one line at once, and one worker needs no process."""

import sys

import processes
import pytest
import tomli_w
from cases import further

from qsense.errors import ArgumentError
from qsense.study import main_script

STUDY = {
    "schema": 1,
    "name": "tiny",
    "run": {
        "probes": ["ghz"],
        "noise": [{"dephasing_rate": 0.1}],
        "estimators": ["auto"],
        "field_rad_per_s": 0.2,
        "shots": 200,
        "seed": 1,
    },
    "sweep": {"num_qubits": [2, 3]},
}
SCRIPT = """
import multiprocessing, qsense
results = qsense.sweep("study.toml", workers=WORKERS)
print(len(results.trials), multiprocessing.current_process().name)
"""


def ran(tmp_path, script, by="file"):
    (tmp_path / "study.toml").write_text(tomli_w.dumps(STUDY))
    (tmp_path / "script.py").write_text(script)
    if by == "file":
        return processes.run([sys.executable, "script.py"], cwd=tmp_path)
    return processes.run([sys.executable, "-"], cwd=tmp_path, send=script)


@pytest.mark.parametrize("by", [further("file"), "stdin"])
def test_one_worker_is_the_script_itself(tmp_path, by):
    done = ran(tmp_path, SCRIPT.replace("WORKERS", "1"), by)
    assert (done.stdout, done.stderr) == ("2 MainProcess\n", "")


def test_a_script_without_its_guard_is_told_so_once(tmp_path):
    done = ran(tmp_path, SCRIPT.replace("WORKERS", "2"))
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1  # of the script itself
    assert done.stderr.splitlines()[-1] == (
        "qsense.errors.ArgumentError: The study starts while its worker processes import the script script.py; put the "
        'call under `if __name__ == "__main__":`, or use workers=1.'
    )
    assert not list(tmp_path.rglob("*.part"))


def test_a_script_from_standard_input_is_refused_before_anything_starts(tmp_path):
    done = ran(tmp_path, SCRIPT.replace("WORKERS", "2"), "stdin")
    assert done.stderr.splitlines()[-1] == (
        "qsense.errors.ArgumentError: Worker processes cannot import the script <stdin>, which is no file; save it as "
        "one, or use workers=1."
    )
    assert not (tmp_path / "runs").exists()


def test_a_script_that_workers_cannot_import_is_one_line(tmp_path):
    script = (
        "import qsense\n"
        "if __name__ == '__mp_main__': 1 / 0\n"
        "if __name__ == '__main__': qsense.sweep('study.toml', workers=2)\n"
    )
    done = ran(tmp_path, script)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        "qsense.errors.ArgumentError: The worker processes ended with status 1 before their first trial, while they "
        "imported the script script.py"
    )
    assert done.stderr.count("ZeroDivisionError: division by zero") <= 2  # once from each worker


def test_a_guarded_script_has_its_workers(tmp_path):
    script = SCRIPT.replace("WORKERS", "2").replace("results =", "if __name__ == '__main__': results =", 1)
    script = script.replace("print(", "if __name__ == '__main__': print(")
    done = ran(tmp_path, script)
    assert (done.stdout, done.stderr) == ("2 MainProcess\n", "")


def test_workers_import_nothing_from_the_folder_of_a_study(tmp_path):
    """Python starts them with `-c`, which looks into the current folder before its own library."""
    studies, scripts = tmp_path / "studies", tmp_path / "scripts"
    studies.mkdir(), scripts.mkdir()
    for name in ("pickle", "multiprocessing", "signal", "numpy"):
        (studies / f"{name}.py").write_text("import os\nos.mkdir('imported')\n")
    (studies / "study.toml").write_text(tomli_w.dumps(STUDY))
    script = "import qsense\nif __name__ == '__main__': print(len(qsense.sweep('study.toml', workers=2).trials))\n"
    (scripts / "script.py").write_text(script)
    done = processes.run([sys.executable, str(scripts / "script.py")], cwd=studies)
    assert (done.stdout, done.stderr) == ("2\n", "")
    assert not (studies / "imported").exists()


class Ended:
    def __init__(self, exitcode):
        self.exitcode = exitcode

    def join(self, timeout):
        pass


def test_a_signal_says_nothing_about_the_script():
    main_script.explain_end([Ended(-9), Ended(-15)])
    with pytest.raises(ArgumentError, match="ended with status 3 before their first trial"):
        main_script.explain_end([Ended(-15), Ended(3)])
