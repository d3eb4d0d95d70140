"""How much work a call does, counted and not timed: eigenvectors, products of matrices, steps of Python, memory."""

import gc
import sys
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import qsense
from qsense.numerics.arrays import CPU

_PACKAGE = str(Path(qsense.__file__).parent)


@dataclass(frozen=True)
class Work:
    """What a call took.

    Attributes:
        decompositions: calls of `eigh`, of one matrix or of many.
        cubes: Σ d³ of the matrices that were diagonalised.
        products: Σ of the multiplications of `np.matmul`, a function of which the operator @ is none.
        steps: instructions of Python that were executed in qsense.
        peak: bytes held at once beyond those before the call.
    """

    decompositions: int
    cubes: int
    products: int
    steps: int
    peak: int


def work_of(function, monkeypatch) -> Work:
    """Returns the work of one call, after one that fills what is kept for later calls."""
    function()
    with monkeypatch.context() as patch:
        decompositions, cubes, products = [], [], []
        eigh, matmul = np.linalg.eigh, np.matmul

        def counted_eigh(matrices, *options):
            decompositions.append(1)
            cubes.append(matrices.size * matrices.shape[-1])
            return eigh(matrices, *options)

        def counted_matmul(one, other, *options, **named):
            product = matmul(one, other, *options, **named)
            products.append(product.size * one.shape[-1])
            return product

        patch.setattr(np.linalg, "eigh", counted_eigh)
        patch.setattr(np, "matmul", counted_matmul)
        eigh_of_cpu = CPU.eigh
        object.__setattr__(CPU, "eigh", counted_eigh)
        try:
            function()
        finally:
            object.__setattr__(CPU, "eigh", eigh_of_cpu)
    return Work(len(decompositions), sum(cubes), sum(products), _steps(function), _peak(function))


def _steps(function) -> int:
    count = 0

    def trace(frame, event, _):
        nonlocal count
        if event == "call":
            if not frame.f_code.co_filename.startswith(_PACKAGE):
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def _peak(function) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
