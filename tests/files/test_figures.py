"""Figures are files: the settings that Matplotlib finds around a command change nothing, and are left as they are."""

import hashlib

import processes
import pytest
from cases import further

from qsense.files.figures import blank_figure, place_legend, render_figure

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


@pytest.mark.parametrize("letters", [4, 12, 60])
def test_the_legend_of_a_figure_is_as_wide_as_its_entries_allow_and_no_wider_than_the_figure(letters):
    figure = blank_figure(4.8, 3.3)
    panel = figure.subplots()
    handles = [panel.plot([0, 1], [0, number])[0] for number in range(6)]
    legend = place_legend(figure, handles, ["m" * letters] * 6, "upper center", 3, fontsize=8)
    assert figure.legends == [legend]
    figure.draw_without_rendering()
    columns = {4: 3, 12: 2, 60: 1}[letters]
    assert len({round(text.get_window_extent().x0) for text in legend.get_texts()}) == columns
    assert columns == 1 or legend.get_window_extent().width <= figure.bbox.width


def test_a_figure_is_laid_out_once_and_the_same_whatever_its_files():
    def figure():
        made = blank_figure(3, 2)
        made.subplots().plot([0, 1], [0, 100000])
        return made

    one, other = figure(), figure()
    kinds = ("png", "svg")
    assert [render_figure(one, kind) for kind in kinds] == [render_figure(other, kind) for kind in kinds[::-1]][::-1]
    assert one.axes[0].get_position().x0 > 0.1  # room for the labels
