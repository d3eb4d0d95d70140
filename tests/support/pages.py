"""Runs the Python examples of a page of the documentation."""

import doctest
import re


def run_examples(text, name):
    """The examples of all Python blocks of a page, in order and in one namespace: (attempted, failed, what failed)."""
    report = []
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, name, name, 0)
    result = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    return result.attempted, result.failed, "".join(report)
