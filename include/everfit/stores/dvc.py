"""The bytes of accepted batches in a DVC remote, written as DVC writes them and without a DVC repository.

`dvc add` and `dvc push` read and copy the bytes several times, and take a lock per repository for which others wait 3
seconds and then fail. What they leave in the remote is a documented layout: each file under the MD5 of its bytes, the
list of a folder's files as JSON under its own, and a pointer, the text of the `.dvc` file, which travels in the ledger.
Writing that layout takes no lock, so that any number of tasks, on any machine, share a remote. With the pointer and the
remote's address, `dvc pull` gives the bytes back.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from everfit.errors import Corrupted, DataError
from everfit.stores.objects import open_objects
from everfit.stores.place import checked, is_key, is_s3, local_root
from everfit.values import Batch

_AT_ONCE = 8
_READ_ONLY = 0o444
_OPTIONS = {"endpoint_url": "endpointurl", "region_name": "region"}
"""How DVC calls what boto3's client calls otherwise; secrets are not among them."""


class DvcStore:
    """Batches in the DVC remote at `remote_url` (a path or `s3://`), with fetched ones kept in the folder `cache`.

    `s3` takes the options of boto3's client, as `open_store` does.
    """

    def __init__(self, remote_url: str, cache: Path, **s3: Any) -> None:
        self.url = remote_url if is_s3(remote_url) else local_root(remote_url).absolute().as_posix()
        self.cache = Path(cache).absolute()
        self._objects = open_objects(self.url, **s3)
        self._s3 = s3 if is_s3(self.url) else {}

    def config(self) -> str:
        """The text of a `.dvc/config` that names the remote; keys are left to whoever pulls."""
        said = {"url": self.url} | {_OPTIONS[name]: str(value) for name, value in self._s3.items() if name in _OPTIONS}
        lines = ["[core]", "    remote = everfit", "['remote \"everfit\"']"]
        return "".join(f"{line}\n" for line in [*lines, *(f"    {name} = {value}" for name, value in said.items())])

    def commit(self, folder: Path, name: str) -> str:
        """Send a copy of the folder's files to the remote and return the pointer to them, called `name`.

        Equal files give an equal pointer, however often and by however many processes at once. The list of the files
        goes last, and the pointer is returned when every byte is in the remote: a commit that dies before leaves
        objects there that nothing points to. Errors: `DataError` for a folder in the folder, `Unreachable`.
        """
        checked(name)
        paths = sorted(folder.iterdir())
        for path in paths:
            if not (path.is_file() and is_key(path.name)):
                raise DataError(f"{path} cannot be part of a batch; wanted plain files that are not hidden")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            kept = list(pool.map(self._objects.keep, paths))
        # DVC's own spelling of the list, since the pointer is its hash.
        listed = [{"md5": md5, "relpath": path.name} for path, md5 in zip(paths, kept, strict=True)]
        of_all = self._objects.keep_list(json.dumps(listed, sort_keys=True).encode())
        size = sum(path.stat().st_size for path in paths)
        return _pointer({"md5": of_all, "size": size, "nfiles": len(paths), "hash": "md5", "path": name})

    def fetch(self, batch: Batch) -> Path:
        """A read-only folder with the batch's files; a second fetch looks at their sizes only.

        The folder takes its name, the batch's hash, once every file in it has been hashed: one that is there is whole.
        """
        kept = self.cache / batch.sha256
        if _sizes(kept) == {file.name: file.size for file in batch.files}:
            return kept
        objects = self._listed(batch)
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=self.cache) as scratch:
            fetched = Path(scratch, "batch")
            fetched.mkdir()
            self._fetch(batch, objects, fetched)
            if kept.exists():  # damaged, since its sizes are wrong: moved away in one step, deleted with the scratch
                kept.replace(Path(scratch, "damaged"))
            try:
                fetched.replace(kept)
            except OSError:  # somebody else was quicker
                if not kept.is_dir():
                    raise
        return kept

    def delete(self, batch: Batch, keep: Sequence[Batch]) -> None:
        """Remove the batch's objects from the remote, less those that a batch of `keep` has too, and the copy here.

        The list of its files goes last, so that what a crash leaves can still be found by asking again; it stays where
        all of its files do. A batch of `keep` without a pointer is one that is on its way in.
        """
        of_all = _target(batch)["md5"]
        shared = {file.sha256 for other in keep for file in other.files}
        lists = {_target(other)["md5"] for other in keep if other.pointer}
        sha256 = {file.name: file.sha256 for file in batch.files}
        try:
            objects = self._listed(batch)
        except Corrupted:  # gone already, or damaged: what it listed is not known any more
            objects = {}
        stays = {md5 for name, md5 in objects.items() if sha256.get(name) in shared}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._objects.delete, sorted(set(objects.values()) - stays)))
        if of_all not in lists and (stays != set(objects.values()) or not objects):
            self._objects.delete(of_all)
        if batch.sha256 not in {other.sha256 for other in keep}:
            shutil.rmtree(self.cache / batch.sha256, ignore_errors=True)

    def _listed(self, batch: Batch) -> Mapping[str, str]:
        """The object of each of the batch's files, as the list in the remote says."""
        of_all = _target(batch)["md5"]
        try:
            data = self._objects.read(of_all)
        except FileNotFoundError as error:
            raise Corrupted(
                f"the list of files of batch {batch.label} is not in the DVC remote any more; restore it from a backup"
            ) from error
        if f"{hashlib.md5(data, usedforsecurity=False).hexdigest()}.dir" != of_all:
            raise Corrupted(
                f"the list of files of batch {batch.label} was changed; restore it from a backup ({of_all})"
            )
        return {entry["relpath"]: entry["md5"] for entry in json.loads(data)}

    def _fetch(self, batch: Batch, objects: Mapping[str, str], into: Path) -> None:
        """Copy each file of the batch and hold it against its SHA-256, which is stronger than DVC's MD5."""
        accepted = {file.name: file.sha256 for file in batch.files}
        if besides := objects.keys() - accepted:
            raise Corrupted(
                f"batch {batch.label} has files that were not accepted with it: {', '.join(sorted(besides))}"
            )

        def fetch(name: str) -> str:
            try:
                found = self._objects.fetch(objects[name], into / name)
            except (FileNotFoundError, KeyError) as error:
                raise Corrupted(
                    f"{name} of batch {batch.label} is not in the DVC remote any more; restore it from a backup"
                ) from error
            (into / name).chmod(_READ_ONLY)
            return found

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for name, found in zip(accepted, pool.map(fetch, accepted), strict=True):
                if found != accepted[name]:
                    raise Corrupted(
                        f"{name} of batch {batch.label} has SHA-256 {found}, wanted {accepted[name]}; "
                        "restore it in the DVC remote from a backup"
                    )


def _pointer(out: Mapping[str, object]) -> str:
    """The text of the `.dvc` file, by the YAML library and the settings that DVC writes it with."""
    from ruamel.yaml import YAML

    yaml, text = YAML(), io.StringIO()
    yaml.default_flow_style = False
    yaml.dump({"outs": [dict(out)]}, text)
    return text.getvalue()


def _target(batch: Batch) -> Mapping[str, str]:
    """What the batch's pointer leads to: the object with the list of its files, and the name of one folder."""
    import yaml

    try:
        out = yaml.safe_load(batch.pointer)["outs"][0]
        md5, path = out["md5"], out["path"]
    except (yaml.YAMLError, KeyError, IndexError, TypeError) as error:
        raise DataError(f"the pointer of batch {batch.label} is not the text of a .dvc file: {error!r}") from error
    if not (isinstance(path, str) and is_key(path) and "/" not in path):
        raise DataError(f"the pointer of batch {batch.label} leads to {path!r}, wanted the name of one folder")
    if not (isinstance(md5, str) and md5.endswith(".dir") and md5.removesuffix(".dir").isalnum()):
        raise DataError(f"the pointer of batch {batch.label} names {md5!r}, wanted the MD5 of a folder (….dir)")
    return {"md5": md5, "path": path}


def _sizes(folder: Path) -> Mapping[str, int] | None:
    return {path.name: path.stat().st_size for path in folder.iterdir()} if folder.is_dir() else None
