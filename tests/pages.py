"""Reports at the scale of the sample images, made up but of the right shape; always the same."""

import random
from collections.abc import Callable

from pruner.document import SCHEMA, AgentReport, Confidence, Document, ProofReport, SystemPackage
from pruner.image.measures import BuildReport, Measure
from pruner.model import Choice, Conflict, Finding, Outcome, Proof, Verdict
from pruner.report.html.values import ImageReport, Night, Point, Report

IMAGES = (
    "speech_gpu", "vision_gpu", "learning_gpu", "reasoning_gpu", "translation_services",
    "coordination",
)  # fmt: skip
LARGE = {
    "torch": 1_460, "nvidia-cudnn-cu12": 730, "nvidia-cublas-cu12": 410, "triton": 420,
    "nvidia-nccl-cu12": 390, "nvidia-cusparse-cu12": 310, "nvidia-cusolver-cu12": 210,
    "nvidia-cufft-cu12": 190, "llvmlite": 179, "transformers": 96, "onnxruntime-gpu": 320,
    "opencv-python": 180, "scipy": 98, "scikit-learn": 52, "pandas": 61, "pyarrow": 140,
    "datasets": 12, "torchvision": 31, "sympy": 27, "numpy": 62, "numba": 15, "tensorboard": 24,
}  # fmt: skip
LEVELS = ("observed",) * 5 + ("required", "linked", "reachable", "reachable", "guarded")
DROPPED = {"pandas", "pyarrow", "datasets", "scikit-learn", "tensorboard", "opencv-python"}
MB = 1_000_000


def verdict(
    name: str, level: str = "observed", size: int = MB, *, text: str | None = None, many: int = 1
) -> Verdict:
    """Return a verdict; `text` stands in every field that a trace can fill."""
    word = text or name.replace("-", "_")
    keep = level not in {"guarded", "declared", "unused"}
    places = (text,) if text else ("agents/speech.py:14", "whisper/__init__.py:8", f"{word}.py:3")
    kind = "library" if name.startswith("nvidia") or level == "linked" else "module"
    proof = Proof(kind=text or kind, what=f"{word}.core", by=places[-1], agent=text or "agent")
    return Verdict(
        name=name,
        version=text or "1.2.3",
        verdict="keep" if keep else "drop",
        level=level,
        size_bytes=size,
        why=text or (f"loaded: {word}" if keep else "nothing needs it"),
        proof=(proof,) * many if keep or level == "guarded" else (),
        needs=("numpy",) if name != "numpy" else (),
        chain=places if keep else (),
        used_by=(("", "torch") if name != "torch" else ("",)) if keep else (),
    )


def scaled() -> Report:
    """Return six images of about 110 distributions."""
    images = tuple(image(name, random.Random(name)) for name in IMAGES)  # noqa: S311
    return Report(images=images, made="2026-11-25T03:00:00Z", pruner="0.1.0")


def image(name: str, dice: random.Random) -> ImageReport:
    """Return one image as its lock, its build and its history have it."""
    rows = [
        verdict(
            large,
            dice.choice(["guarded", "unused", "declared"]) if large in DROPPED
            else "observed" if large == "torch" else dice.choice(LEVELS[:9]),
            megabytes * MB,
        )
        for large, megabytes in LARGE.items()
    ]  # fmt: skip
    for number in range(90):
        level = dice.choice((*LEVELS, "declared", "unused", "unused", "unused"))
        small = int(dice.paretovariate(0.6) * 20_000) % (9 * MB)
        rows.append(verdict(f"package-{number:02}", level, small, many=dice.randint(1, 12)))
    document = Document(
        schema=SCHEMA,
        image=name,
        runtime="docker",
        policy="minimal",
        python="3.11.2",
        distributions=tuple(sorted(rows, key=lambda row: row.name)),
        agents=(AgentReport(name="agent", status="ok", modules=1342, seconds=9.1, exercises=(
            Outcome(name="POST /speak", outcome="200", ok=True),)),),
        conflicts=conflicts(),
        findings=(
            Finding(code="PRN110", severity="note", where="agents/speech.py:40",
                what="tried to reach huggingface.co:443"),
        ),
        proof=ProofReport(passed=name != "vision_gpu", rounds=1,
            differences=() if name != "vision_gpu" else ("POST /detect: 200, now 500",)),
        confidence=Confidence(score=dice.uniform(0.6, 0.95), because=(
            "the exercises ran 71 % of the first-party code",
            "a second run added nothing",
        )),
        packages=(
            SystemPackage(name="libsndfile1", version="1.2.0-1", size_bytes=740_000, base=False,
                seen=("/usr/lib/x86_64-linux-gnu/libsndfile.so.1",)),
        ),
    )  # fmt: skip
    return ImageReport(
        image=name,
        document=document,
        audit=(
            Finding(code="PRN208", severity="warning", where=f"docker/{name}/Dockerfile:1",
                what="one stage builds and runs", fix="split it: a builder, and a final stage"),
            Finding(code="PRN120", severity="error", where=f"docker/{name}/requirements.txt:4",
                what="options of an index on the line of a requirement", size_bytes=412 * MB),
        ),
        build=build(name) if name in {"speech_gpu", "translation_services"} else None,
        trend=trend(document, dice),
        night=None if name == "coordination" else night(name),
    )  # fmt: skip


def night(name: str) -> Night:
    """Return what a night found: much in one image, nothing in the others."""
    if name != "speech_gpu":
        why = "nothing that the runs depend on has changed since 2026-11-24T03:00:00Z"
        return Night(at="2026-11-25T03:00:00Z", findings=(), skipped=f"{why}, which found nothing")
    return Night(
        at="2026-11-25T03:00:00Z",
        findings=(
            Finding(code="PRN575", severity="note", where="scipy", size_bytes=98 * MB,
                what="scipy 1.2.3 is kept (reachable), and no run of 30 nights used it"),
            Finding(code="PRN570", severity="error", where="agents/speech.py:88",
                what="pandas 1.2.3 is loaded by the image's own code in agent (observed); it was"
                " left out (guarded)", fix="lock the image anew", size_bytes=61 * MB),
            Finding(code="PRN512", severity="warning", where="docker/speech_gpu/requirements.txt:7",
                what="asks for numpy==2.0, and the lock has 1.2.3", fix="lock the image anew"),
        ),
    )  # fmt: skip


def conflicts() -> tuple[Conflict, ...]:
    """Return one that is settled, one that is open and one for the record."""
    return (
        Conflict(kind="import-name", distributions=("openai-whisper", "whisper"), settled=True,
            why="both offer whisper; the agent calls load_model, which only one has",
            keep="openai-whisper", drop=("whisper",),
            proof=(Proof(kind="use", what="whisper.load_model", by="agents/speech.py:14"),)),
        Conflict(kind="library", distributions=("onnxruntime-gpu",), settled=False,
            why="its CUDA provider needs libcublasLt.so.11, and nothing here has it",
            proof=(Proof(kind="needed", what="libcublasLt.so.11",
                by="onnxruntime/capi/libonnxruntime_providers_cuda.so"),),
            choices=(
                Choice(what="the build for CUDA 12", config='use = ["onnxruntime-gpu>=1.18"]'),
            )),
        Conflict(kind="files", distributions=("numpy", "scipy"), settled=True, note=True,
            why="both own one file of the same content"),
    )  # fmt: skip


def build(name: str) -> BuildReport:
    """Return what a build of both images measured."""
    return BuildReport(
        image=name,
        base_bytes=130 * MB,
        original=Measure(size_bytes=7_840 * MB, compressed_bytes=3_970 * MB, layers=11,
            context_bytes=80 * MB, build_seconds=600.0, again_seconds=2.0),
        minimal=Measure(size_bytes=6_440 * MB, compressed_bytes=3_310 * MB, layers=9,
            context_bytes=MB, build_seconds=500.0, again_seconds=2.0),
        proof=ProofReport(passed=True, rounds=1),
    )  # fmt: skip


def trend(document: Document, dice: random.Random) -> tuple[Point, ...]:
    """Return thirty nights that end at what the document says."""
    before = sum(row.size_bytes for row in document.distributions)
    after = sum(row.size_bytes for row in document.distributions if row.kept)
    return tuple(
        Point(at=f"2026-11-{day:02}T03:00:00Z", command="drift", outcome="ok", size_before=before,
            size_after=after + int((30 - day) // 6 * 90 * MB * dice.uniform(0.9, 1)),
            confidence=0.8)
        for day in range(1, 31)
    )  # fmt: skip


def one(rows: tuple[Verdict, ...], change: Callable[[Document], Document] | None = None) -> Report:
    """Return a report on one small image."""
    document = Document(
        schema=SCHEMA, image="app", runtime="local", policy="minimal", python="3.11.2",
        distributions=rows, proof=ProofReport(passed=True, rounds=1),
    )  # fmt: skip
    told = ImageReport(image="app", document=change(document) if change else document)
    return Report(images=(told,), made="2026-11-25T03:00:00Z", pruner="0.1.0")
