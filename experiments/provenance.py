"""Where results come from: command, seed, data, versions and machine, without names or paths."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from experiments.study import Context

PACKAGES = ("numpy", "tensorflow", "keras", "pandas", "matplotlib")


@dataclass(frozen=True)
class Provenance:
    """What a reader needs to judge a study's results and to run it again.

    Attributes:
        date: Coordinated universal time, ISO 8601, to the second.
        seconds: Wall time of the study's run.
        data_source: The data in one human sentence.
        data_sha256: The hash of its pixels and labels.
        synthetic: Whether the data are the stand-in drawn by code.
        versions: "python" and the packages that compute or draw.
        machine: system, cpu, cores, threads (of each numerical library), kernels (for which
            processor its BLAS computes), onednn.
    """

    command: str
    form: str
    seed: int
    date: str
    seconds: float
    data_source: str
    data_sha256: str
    synthetic: bool
    versions: dict[str, str]
    machine: dict[str, str]


def record(study: str, context: Context, seconds: float) -> Provenance:
    """Describe the run of `study` in `context` that has just ended."""
    flags = (" --full" if context.full else "") + (
        f" --seed {context.seed}" if context.seed else ""
    )
    return Provenance(
        command=f"convtwin run {study}{flags}",
        form=context.form,
        seed=context.seed,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 2),
        data_source=context.signs.source,
        data_sha256=context.signs.sha256,
        synthetic=context.signs.synthetic,
        versions={"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        machine=_machine(),
    )


def _machine() -> dict[str, str]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "threads": _pools("num_threads"),
        "kernels": _pools("architecture"),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
    }


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _pools(key: str) -> str:
    """What threadpoolctl knows of the numerical libraries that are loaded, "openblas 2"."""
    from threadpoolctl import threadpool_info

    pools = {f"{pool['internal_api']} {pool[key]}" for pool in threadpool_info() if key in pool}
    return ", ".join(sorted(pools)) or "unknown"
