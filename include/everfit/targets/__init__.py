"""Where models are deployed: one file per kind of target, chosen by the address.

    EverfitServer   our own model server, the default
    SageMaker       real-time endpoints of Amazon SageMaker
    KServe          InferenceServices on Kubernetes
    S3Bundle        plain files in a bucket or a folder, for whoever serves them by other means

All pass one conformance suite, `everfit.testing.targets`.
"""

from __future__ import annotations

from everfit.targets.opening import open_target

__all__ = ["open_target"]
