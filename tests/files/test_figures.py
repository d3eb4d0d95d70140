"""Figures are files: the settings that Matplotlib finds around a command change nothing, and are left as they are."""

import hashlib

import processes
import pytest
from cases import further

THEORY = "theory --probe ghz --num-qubits 2 --dephasing 0.1 --plot plot.png"
COMMAND = f"import sys; from qsense.cli import main; sys.argv = ['qsense', *{THEORY.split()!r}]; main()"


def drawn(folder, **settings):
    done = processes.run_python(COMMAND, cwd=folder, env=processes.environment(**settings))
    assert (done.returncode, done.stderr) == (0, "")
    return hashlib.sha256((folder / "plot.png").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize(
    "settings",
    [
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        {"MPLBACKEND": "nonsense"},
        further({"MPLBACKEND": "TkAgg"}),
        {"MATPLOTLIBRC": "text.usetex: True\nfont.size: 30\nsavefig.dpi: 20\npath.sketch: 1, 100, 2"},
    ],
    ids=str,
)
def test_the_settings_of_the_surroundings_do_not_matter(tmp_path, settings, expected):
    if text := settings.get("MATPLOTLIBRC"):
        (tmp_path / "rc").mkdir()
        (tmp_path / "rc" / "matplotlibrc").write_text(text)
        settings = {"MATPLOTLIBRC": str(tmp_path / "rc")}
    assert drawn(tmp_path, **settings) == expected


def test_settings_that_cannot_be_read_do_not_matter_either(tmp_path, expected):
    (tmp_path / "rc").mkdir()
    (tmp_path / "rc" / "matplotlibrc").write_bytes(b"\xff\xfe\x00")
    done = processes.run_python(COMMAND, cwd=tmp_path, env=processes.environment(MATPLOTLIBRC=str(tmp_path / "rc")))
    assert done.returncode == 0  # Matplotlib itself says on stderr that it cannot read them
    assert hashlib.sha256((tmp_path / "plot.png").read_bytes()).hexdigest() == expected


def test_a_users_own_settings_stay(tmp_path):
    code = (
        "import matplotlib, sys\n"
        "matplotlib.rcParams['text.usetex'] = True\n"
        "before = dict(matplotlib.rcParams.copy())\n"
        "from qsense import LocalNoise, Probe\n"
        "from qsense.reports import theory_figure\n"
        "from qsense.files.figures import save_figure\n"
        "from pathlib import Path\n"
        "save_figure(theory_figure(Probe.ghz(2), LocalNoise(dephasing=0.1)), Path('plot.png'))\n"
        "assert dict(matplotlib.rcParams.copy()) == before and 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = processes.run_python(code, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_users_backend_is_set_for_what_the_user_draws():
    code = (
        "from qsense.files.figures import blank_figure\n"
        "blank_figure(1, 1)\n"
        "import matplotlib, os\n"
        "assert matplotlib.rcParams['backend'].lower() == 'svg' and os.environ['MPLBACKEND'] == 'svg'\n"
    )
    done = processes.run_python(code, env=processes.environment(MPLBACKEND="svg"))
    assert (done.returncode, done.stderr) == (0, "")
