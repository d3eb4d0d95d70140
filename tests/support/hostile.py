"""What the tests about files that are made to do harm share: changes of data, and how it must be refused."""

import copy
import os
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from qsense.errors import QsenseError

_given = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}
often = settings(max_examples=int(os.environ.get("QSENSE_EXAMPLES", "50")), **_given)
seldom = settings(max_examples=25, **_given)

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["../../x", "/etc/passwd", "\x00", "ghz", "product", "nan", "9" * 5000, 10**400, -1, 2**63, 1e308]),
)  # fmt: skip
names = st.text(max_size=8)
values = st.recursive(
    scalars, lambda one: st.lists(one, max_size=3) | st.dictionaries(names, one, max_size=3), max_leaves=6
)


cells = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=70), st.binary(max_size=40)
)


@st.composite
def changes(draw, whole):
    """A copy of JSON data with some things in it replaced, removed or doubled."""
    data = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = data
        while isinstance(at, (dict, list)) and at:
            key = draw(st.sampled_from(sorted(at))) if isinstance(at, dict) else draw(st.integers(0, len(at) - 1))
            if not isinstance(at[key], (dict, list)) or not at[key] or draw(st.integers(0, 3)) == 0:
                if draw(st.integers(0, 5)) == 0:
                    del at[key]
                else:
                    at[key] = draw(values)
                break
            at = at[key]
    return data


def harmless(act):
    """The result of an act, or None if it is refused as it should be; whatever else it raises fails the test."""
    try:
        return act()
    except QsenseError as error:
        message = str(error)
    assert "\n" not in message
    assert message
    return None


def files_in(folder):
    return {path for path in Path(folder).rglob("*") if path.is_file()}
