"""What notebooks show: pictures have the numbers of the state, and no name becomes markup."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import qsense

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>\x1b[31m'


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.depth = [], 0
        self.feed(text)
        assert self.depth == 0

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.depth += tag != "rect" or not self.get_starttag_text().endswith("/>")
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        self.depth -= 1


def squares(html):
    """(row, column) → opacity of every square of a map."""
    found = re.findall(r'x="(\d+)" y="(\d+)" width="14" height="14" fill="#0072B2" fill-opacity="([\d.]+)"', html)
    return {(int(y) // 14, int(x) // 14): float(share) for x, y, share in found}


def test_a_ghz_state_has_four_corners_and_its_sizes_are_those_of_the_matrix():
    assert squares(qsense.Probe.ghz(7)._repr_html_()) == {(0, 0): 1, (0, 7): 1, (7, 0): 1, (7, 7): 1}
    tilted = squares(qsense.Probe.ghz(2, tilt=0.6)._repr_html_())  # populations 0.2 and 0.8, coherence 0.4
    assert tilted == pytest.approx({(0, 0): 0.25, (0, 2): 0.5, (2, 0): 0.5, (2, 2): 1.0}, abs=1e-3)
    signs = squares(qsense.Probe.ghz(2, signs="+-")._repr_html_())
    assert set(signs) == {(1, 1), (1, 2), (2, 1), (2, 2)}


def test_a_mixed_state_is_shown_over_bit_strings():
    html = qsense.Probe.from_state(np.diag([0.5, 0.25, 0.25, 0.0]), name=HOSTILE)._repr_html_()
    assert squares(html) == {(0, 0): 1, (1, 1): 0.5, (2, 2): 0.5}
    assert "01, 01: 0.5" in html
    Tags(html)


def test_a_probe_too_large_for_a_picture_is_named():
    assert qsense.Probe.ghz(33)._repr_html_() == "<p>ghz, N = 33</p>"
    assert "<svg" not in qsense.Probe.ghz(8, signs="+-" * 4)._repr_html_()


@pytest.mark.parametrize(
    "shown",
    [
        qsense.Probe.from_state(np.array([1, 0, 0, 1]) / np.sqrt(2), name=HOSTILE),
        qsense.LocalNoise(dephasing=[0.1, 0.2], name=HOSTILE),
        qsense.NoiseModel(qsense.LocalNoise(emission=1.0, name=HOSTILE), collective_dephasing=2.0),
    ],
    ids=["probe", "local", "model"],
)
def test_names_are_text(shown):
    html = shown._repr_html_()
    assert set(Tags(html).tags) <= {"p", "table", "tbody", "tr", "td", "svg", "title", "rect"}
    assert "&lt;script&gt;" in html
    assert "\x1b" not in html


def test_numbers_of_noise_and_of_a_plan_are_there():
    noise = qsense.NoiseModel(qsense.LocalNoise(emission=[1.0, 2.0]), collective_dephasing=3.0)
    html = noise._repr_html_()
    assert "<td>emission_rate</td><td>1, 2</td>" in html
    assert "dephasing_rate</td><td>0" not in html
    plan = qsense.plan_sensing(noise=qsense.LocalNoise(dephasing=0.1), num_qubits=[2], goal="img")
    html = plan._repr_html_()
    assert set(Tags(html).tags) == {"p", "table", "thead", "tbody", "tr", "th", "td"}
    assert html.count("<tr>") == len(plan.rows) + 1
    assert plan.advice.sentence in html
