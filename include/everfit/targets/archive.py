"""A version as `model.tar.gz`, as SageMaker wants it: the same bytes from the same files, at any time."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

from everfit.errors import DeployError
from everfit.ports import Store
from everfit.targets.bundles import FILE, Bundle, Versions, loading

ARCHIVE = "model.tar.gz"


def put_archive(store: Store, registry: Versions, model: str, number: int) -> str:
    """Have the version's archive in the store, once; returns its address. The registry is asked only for a new one."""
    if not store.url.startswith("s3://"):
        raise DeployError(f"SageMaker reads models from S3, and {store.url} is not there: give `models: s3://...`")
    key = f"{model}/{number}/{ARCHIVE}"
    if not store.exists(key):
        with loading(model, number):
            version = registry.version(model, number)
            local = registry.model_files(version.mlflow_run, version.files)
            store.create(key, archive(local, Bundle(model, number, version.files)))
    return f"{store.url}/{key}"


def archive(folder: Path, bundle: Bundle) -> bytes:
    """The files of the bundle and its `bundle.json`, in order of name; no time and no owner is in it."""
    inside = {file.name: (folder / file.name).read_bytes() for file in bundle.files} | {FILE: bundle.to_bytes()}
    out = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, data in sorted(inside.items()):
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(data), 0o644
            tar.addfile(about, io.BytesIO(data))
    return out.getvalue()
