"""Cases of a test of which some run always, and the others with `make studies`."""

import itertools

import pytest


def further(case):
    """A case that `make studies` alone runs."""
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.study)


def one_in(step, cases):
    """Every step-th case runs always; for cases that are drawn at random."""
    return [case if place % step == 0 else further(case) for place, case in enumerate(cases)]


def spread(step, *axes):
    """All combinations of several lists; of those that run always, any two axes show each pair of values.

    That holds where the axes have at least `step` values: a combination runs always if the sum of its places is a
    multiple of `step`.
    """
    places = itertools.product(*(range(len(axis)) for axis in axes))
    every = zip(places, itertools.product(*axes), strict=True)
    return [case if sum(place) % step == 0 else further(case) for place, case in every]
