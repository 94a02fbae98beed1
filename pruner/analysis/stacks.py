"""Several CUDA stacks in one environment: gigabytes twice, and each loads only its own."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pruner.analysis.linkage import Linkage
from pruner.model import Conflict, Inventory, Proof, Verdict

_PART = re.compile(
    r"lib(?P<part>cudart|cublas|cublasLt|cudnn|cufft|curand|cusolver|cusparse|nvrtc)"
    r"(-[0-9a-f]{4,})?\.so\.(?P<major>[0-9]+)"  # auditwheel puts a hash before the ending
)
CUDNN = "cudnn"


def stacks(
    inventory: Inventory, linkage: Mapping[str, Linkage], verdicts: Iterable[Verdict]
) -> tuple[Conflict, ...]:
    """Return what kept distributions bring of more than one major version of CUDA, or of cuDNN.

    `linkage` is by the path of a library. They are settled where they are told: each stays for what
    asks for it, and what nobody asks for is not kept.
    """
    kept = {row.name for row in verdicts if row.kept}
    sizes = {dist.key: dist.size_bytes for dist in inventory.distributions}
    parts: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for dist in inventory.distributions:
        for file in dist.files if dist.key in kept else ():
            soname = linkage[file.path].soname if file.path in linkage else None
            name = soname or posixpath.basename(file.path)
            match = _PART.match(name)
            if match is not None:
                parts[match["part"]][match["major"]].setdefault(dist.key, name)
    # Parts count on their own, libcufft is at 11 in CUDA 12: only the same part tells two stacks.
    twice = {part: rows for part, rows in parts.items() if len(rows) > 1}
    found = [
        _conflict(kind, rows, sizes)
        for kind, rows in (
            ("CUDA", [rows for part, rows in sorted(twice.items()) if part != CUDNN]),
            ("cuDNN", [rows for part, rows in twice.items() if part == CUDNN]),
        )
        if rows
    ]
    return tuple(row for row in found if len(row.distributions) > 1)


def _conflict(
    kind: str, parts: Sequence[Mapping[str, Mapping[str, str]]], sizes: Mapping[str, int]
) -> Conflict:
    rows = [
        Proof(kind="soname", what=name, by=key)
        for majors in parts
        for _, owners in sorted(majors.items())
        for key, name in sorted(owners.items())
    ]
    keys = tuple(sorted({row.by or "" for row in rows}))
    megabytes = sum(sizes.get(key, 0) for key in keys) / 1e6
    first = [min(owners.items()) for _, owners in sorted(parts[0].items())]
    shown = " beside ".join(f"{name} of {key}" for key, name in first)
    return Conflict(
        kind="cuda",
        distributions=keys,
        why=f"more than one {kind} is here, in {megabytes:.0f} MB: {shown};"
        " each stays for what asks for it",
        settled=True,
        proof=tuple(rows),
    )
