"""Tidies a store: joins small shards, removes trials without a study, and removes what crashes left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from qsense.errors import StoreError
from qsense.store.folder import (
    read_file,
    remove_file,
    require_store,
    shard_files,
    shard_folders,
    shard_path,
    unfinished_files,
    write_file,
)
from qsense.store.index import Index
from qsense.store.locks import exclusive_lock
from qsense.store.shard import Result, deserialize, digest, serialize
from qsense.store.store import Store
from qsense.store.studies import StudyEntry, list_studies

SMALL = 2**18
"""Shards of fewer bytes are joined."""
LARGE = 2**22


def tidy(path: str | Path, drop: Sequence[str] = (), unused: bool = False) -> list[str]:
    """Joins small shards and removes what crashes left behind; returns a line for each thing done.

    Args:
        path: the store's folder.
        drop: names or ids of studies to remove; their trials stay unless `unused` is given.
        unused: removes the trials that no study has.

    Raises:
        StoreError: there is no store, another process has it open, it cannot be written, a study is unknown, or a file
            is damaged.
    """
    folder = Path(path)
    require_store(folder)
    with Store(folder):  # indexes the shards of killed writers
        pass
    with exclusive_lock(folder):
        known = list(list_studies(folder))
        for name in drop:
            if not any(name in (study.name, study.id) for study in known):
                listed = ", ".join(study.name for study in known) or "none"
                raise StoreError(f'{folder}: there is no study "{name}"; it has {listed}.')
        done = []
        for study in known:
            if study.name in drop or study.id in drop:
                remove_file(folder / "studies" / f"{study.id}.zip", folder)
                done.append(f"study {study.name} ({study.id}) removed")
        kept = [study for study in known if study.name not in drop and study.id not in drop]
        return done + _rewrite_shards(folder, kept if unused else None) + _remove_leftovers(folder)


def _rewrite_shards(folder: Path, kept: Sequence[StudyEntry] | None) -> list[str]:
    """Rewrites the shards that are small, or hold trials that the index does not take from them."""
    with closing(Index(folder)) as index:
        wanted = None if kept is None else {key for study in kept for key in study.keys}
        gone = [] if wanted is None else [key for key, _ in index.all() if key not in wanted]
        live: dict[str, set[str]] = {}
        for key, name in index.all():
            if wanted is None or key in wanted:
                live.setdefault(name, set()).add(key)
        old = _shards_to_rewrite(folder, live)
        added: dict[str, list[str]] = {}
        for provenance, part in _join(folder, old, live):
            content = serialize(part, provenance)
            name = digest(content)
            write_file(shard_path(folder, name), content, folder)
            added[name] = [result.key for result in part]
        removed = [path for path in old if path.stem not in added]
        index.replace(added, [path.stem for path in removed], gone)
    for path in removed:
        remove_file(path, folder)
    done = [f"{len(old)} shards were joined into {len(added)}"] if old else []
    return done + ([f"{len(gone)} trials that no study has were removed"] if gone else [])


def _shards_to_rewrite(folder: Path, live: dict[str, set[str]]) -> list[Path]:
    """Returns the shards with trials that the index does not take from them, and small ones that can be joined."""
    stale: list[Path] = []
    small: dict[str, list[Path]] = {}
    for path in shard_files(folder):
        content = read_file(path, folder)
        provenance, results = deserialize(content, str(path))
        if len(live.get(path.stem, ())) < len(results):
            stale.append(path)
        elif len(content) < SMALL:
            small.setdefault(json.dumps(provenance, sort_keys=True), []).append(path)
    return stale + [path for paths in small.values() if len(paths) > 1 for path in paths]


def _join(
    folder: Path, paths: Sequence[Path], live: dict[str, set[str]]
) -> Iterator[tuple[dict[str, Any], list[Result]]]:
    """Yields the live results of shards in parts of about LARGE bytes, each of one provenance."""
    parts: dict[str, list[Result]] = {}
    for path in paths:
        provenance, results = deserialize(read_file(path, folder), str(path))
        part = parts.setdefault(json.dumps(provenance, sort_keys=True), [])
        part += [result for result in results if result.key in live.get(path.stem, ())]
        if sum(len(result.counts) + 1000 for result in part) >= LARGE:
            yield provenance, part.copy()
            part.clear()
    for text, part in parts.items():
        if part:
            yield json.loads(text), part


def _remove_leftovers(folder: Path) -> list[str]:
    """Removes files that killed processes were writing, and empty folders."""
    left = unfinished_files(folder)
    for path in left:
        remove_file(path, folder)
    for path in shard_folders(folder):
        with suppress(OSError):  # not empty
            path.rmdir()
    return [f"{len(left)} unfinished files were removed"] if left else []
