"""How the tracer enters a Python: by files that `site` reads when it starts."""


def entry(kind: str, tools: str, *, measured: bool) -> str:
    """Return the file that lets the tracer in: `.pth`, and `.start` from Python 3.15 on.

    What measures starts first, so that the tracer does not see what it loads.
    """
    names = ["pruner_coverage", "pruner_tracer"] if measured else ["pruner_tracer"]
    if kind == ".start":
        return "".join(f"{name}:start\n" for name in names)
    calls = "; ".join(f"import {name}; {name}.start()" for name in names)
    return f"{tools}\n{calls}\n"
