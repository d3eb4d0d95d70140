"""The name under which qsense is installed, and what it says of its extras and of the other `qsense`."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import qsense
from qsense import installation
from qsense.installation import DISTRIBUTION, install_hint

ROOT = Path(__file__).resolve().parents[1]
# The distribution `qsense` of the public index is another tool.
WRONG = re.compile(r"(?<![\w-])qsense\[\w|pip install (?:-\S+ )*[\\\"']*qsense(?![\w./-])")
FOREIGN = "[console_scripts]\nqsense = qsense.command_line:main\n"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('pip install "qsense[ibm]"', True),
        ("pip install qsense", True),
        ("the extra qsense[ibm]", True),
        ('pip install "qsense-metrology[ibm]"', False),
        ('pip install -e ".[ibm]"', False),
        ("pip install dist/qsense_metrology-0.1.0-py3-none-any.whl", False),
    ],
)
def test_the_search_for_the_wrong_name_finds_it(text, wrong):
    assert bool(WRONG.search(text)) == wrong


@pytest.mark.checkout
def test_nobody_is_told_to_install_the_other_qsense():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    files = [ROOT / name for name in listed if name and ROOT / name != Path(__file__).resolve()]
    texts = {path: path.read_bytes().decode("utf-8", "replace") for path in files if path.is_file()}
    assert len(texts) > 100
    found = [f"{path}: {match.group()}" for path, text in texts.items() for match in WRONG.finditer(text)]
    assert not found


@pytest.mark.checkout
def test_the_distribution_has_the_name_that_messages_say_and_the_extras_that_they_name():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == DISTRIBUTION
    assert set(project["scripts"]) == {"qsense"}
    texts = [path.read_text() for path in (ROOT / "qsense").rglob("*.py")]
    named = {extra for text in texts for extra in re.findall(r"install_hint\(['\"](\w+)['\"]\)", text)}
    named |= {extra for text in texts for extra in re.findall(r"\bextra=\"(\w+)\"", text)} - {"forbid", "allow"}
    assert named >= {"ibm", "data", "cluster", "readout"}
    assert named <= set(project["optional-dependencies"])


def test_the_hint_is_of_a_checkout_or_of_the_installed_distribution(monkeypatch, tmp_path):
    there = tmp_path / "qsense" / "installation.py"
    monkeypatch.setattr(installation, "__file__", str(there))
    assert install_hint("ibm") == 'pip install "qsense-metrology[ibm]"'
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "of-somebody-else"\n')
    assert install_hint("ibm") == 'pip install "qsense-metrology[ibm]"'
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "qsense-metrology"\n')
    assert install_hint("ibm") == 'pip install -e ".[ibm]"'


@pytest.fixture
def site(tmp_path):
    """A folder with the installed package, as pip leaves it."""
    shutil.copytree(Path(qsense.__file__).parent, tmp_path / "qsense", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def imported(site, module):
    command = [sys.executable, "-S", "-c", f"import {module}"]  # -S: no other qsense on the path
    return subprocess.run(command, cwd=site, env={"PYTHONPATH": str(site)}, capture_output=True, text=True)


def metadata(site, folder, entry_points):
    (site / folder).mkdir()
    (site / folder / "entry_points.txt").write_text(entry_points)


def test_alone_it_says_nothing(site):
    metadata(site, "qsense_metrology-0.1.0.dist-info", "[console_scripts]\nqsense = qsense.cli:main\n")
    metadata(site, "qsense-0.1.0.dist-info", "[console_scripts]\nqsense = qsense.cli:main\n")  # by its old name
    done = imported(site, "qsense.errors")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_over_the_other_qsense_it_works_and_says_so_in_one_line(site):
    metadata(site, "qsense-0.8.4.dist-info", FOREIGN)
    done = imported(site, "qsense.errors")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("\n") == 1
    assert "Another distribution, qsense-0.8.4, is installed" in done.stderr
    assert "pip uninstall qsense; then install qsense-metrology again" in done.stderr


@pytest.mark.parametrize("face", ["def users(): ...\n", None], ids=["overwritten", "removed"])
def test_under_the_other_qsense_the_last_line_says_what_happened(site, face):
    path = site / "qsense" / "__init__.py"
    path.unlink() if face is None else path.write_text(face)
    done = imported(site, "qsense.errors")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {path} is not that of qsense-metrology: another distribution")
    assert last.endswith("run: pip uninstall qsense; then install qsense-metrology again.")


@pytest.mark.checkout
def test_the_citation_is_of_this_version_and_of_the_paper():
    yaml = pytest.importorskip("yaml", reason="needs PyYAML")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation["cff-version"] == "1.2.0"
    assert (citation["version"], citation["license"]) == (qsense.__version__, project["license"])
    assert citation["authors"] == [{"name": "The qsense developers"}]
    (paper,) = citation["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Takahashi", "Ho", "Matsueda"]
    assert paper["url"] == project["urls"]["Paper"] == "https://arxiv.org/abs/2512.21661"


@pytest.mark.checkout
def test_the_hooks_run_the_tools_of_the_environment():
    """No hook is fetched from elsewhere, and each runs what `make lint` and `make types` run."""
    yaml = pytest.importorskip("yaml", reason="needs PyYAML")
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repo["repo"] == "local"
    assert {hook["language"] for hook in repo["hooks"]} == {"system"}
    dev = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    assert (
        {hook["entry"].split()[0] for hook in repo["hooks"]}
        == {"ruff", "mypy"}
        <= {re.split("[^a-z]", d)[0] for d in dev}
    )
