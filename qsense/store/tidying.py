"""Tidies a store: small shards joined, trials without a study removed, what crashes left behind swept away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from qsense.errors import StoreError
from qsense.store import Store, read, there, write
from qsense.store.index import Index
from qsense.store.shard import Result, digest, opened, packed
from qsense.store.studies import StudyEntry, studies
from qsense.store.verification import alone

SMALL = 2**18
"""Shards of fewer bytes are joined."""
LARGE = 2**22


def tidy(path: str | Path, drop: Sequence[str] = (), unused: bool = False) -> list[str]:
    """Joins small shards, and removes what crashes left behind; returns a line for everything done.

    Args:
        path: the store's folder.
        drop: names or ids of studies to remove; their trials stay until `unused` is asked for.
        unused: removes the trials that no study has.

    Raises:
        StoreError: there is no store, another process has it open, it cannot be written, a study is unknown, or a file
            is damaged.
    """
    folder = Path(path)
    there(folder)
    with Store(folder):  # which takes in what a killed writer left
        pass
    with alone(folder):
        known = list(studies(folder))
        for name in drop:
            if not any(name in (study.name, study.id) for study in known):
                listed = ", ".join(study.name for study in known) or "none"
                raise StoreError(f'{folder}: there is no study "{name}"; it has {listed}.')
        said = []
        for study in known:
            if study.name in drop or study.id in drop:
                (folder / "studies" / f"{study.id}.zip").unlink()
                said.append(f"study {study.name} ({study.id}) removed")
        kept = [study for study in known if study.name not in drop and study.id not in drop]
        return said + _rewritten(folder, kept if unused else None) + _swept(folder)


def _rewritten(folder: Path, kept: Sequence[StudyEntry] | None) -> list[str]:
    """Writes shards anew that are small, or hold what the index does not want from them."""
    with closing(Index(folder)) as index:
        wanted = None if kept is None else {key for study in kept for key in study.keys}
        gone = [] if wanted is None else [key for key, _ in index.all() if key not in wanted]
        live: dict[str, set[str]] = {}
        for key, name in index.all():
            if wanted is None or key in wanted:
                live.setdefault(name, set()).add(key)
        old = _worth_rewriting(folder, live)
        added: dict[str, list[str]] = {}
        for provenance, part in _joined(old, live):
            content = packed(part, provenance)
            name = digest(content)
            write(folder / "shards" / name[:2] / f"{name}.zip", content)
            added[name] = [result.key for result in part]
        removed = [path for path in old if path.stem not in added]
        index.replace(added, [path.stem for path in removed], gone)
    for path in removed:
        path.unlink()
    said = [f"{len(old)} shards were written anew as {len(added)}"] if old else []
    return said + ([f"{len(gone)} trials that no study has were removed"] if gone else [])


def _worth_rewriting(folder: Path, live: dict[str, set[str]]) -> list[Path]:
    """Shards with trials that are not wanted from them, and small ones that have others to be joined with."""
    stale: list[Path] = []
    small: dict[str, list[Path]] = {}
    for path in sorted((folder / "shards").glob("*/*.zip")):
        content = read(path)
        provenance, results = opened(content, str(path))
        if len(live.get(path.stem, ())) < len(results):
            stale.append(path)
        elif len(content) < SMALL:
            small.setdefault(json.dumps(provenance, sort_keys=True), []).append(path)
    return stale + [path for paths in small.values() if len(paths) > 1 for path in paths]


def _joined(paths: Sequence[Path], live: dict[str, set[str]]) -> Iterator[tuple[dict[str, Any], list[Result]]]:
    """Yields the live results of shards in parts of about LARGE bytes, each of one provenance."""
    parts: dict[str, list[Result]] = {}
    for path in paths:
        provenance, results = opened(read(path), str(path))
        part = parts.setdefault(json.dumps(provenance, sort_keys=True), [])
        part += [result for result in results if result.key in live.get(path.stem, ())]
        if sum(len(result.counts) + 1000 for result in part) >= LARGE:
            yield provenance, part.copy()
            part.clear()
    for text, part in parts.items():
        if part:
            yield json.loads(text), part


def _swept(folder: Path) -> list[str]:
    """Removes what was being written when a process was killed, and empty folders."""
    left = [path for pattern in ("shards/*/.*.part", "studies/.*.part", ".*.part") for path in folder.glob(pattern)]
    for path in left:
        path.unlink()
    for path in (folder / "shards").iterdir():
        with suppress(OSError):  # not empty
            path.rmdir()
    return [f"{len(left)} files that were never finished were removed"] if left else []
