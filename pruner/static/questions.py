"""How installed code asks what is there, and how its packages load their parts on demand.

Installed code asks in its own ways whether something is there: `if is_x_available():`,
`if config.HAS_X:`, `if "x" in sys.modules:`. Before it is read, such a question is written as the
`find_spec("x")` that it stands for, so that imports of x beneath it, and only they, are guarded. A
flag that the file itself sets is left alone: how it is set says more than its name.
"""

import re

# Every repeat is bounded or stops at a line: whoever wrote the text may wish us ill.
_LAZY = re.compile(
    rb"^[ \t]*sys\.modules\[__name__\][ \t]*=|^[^#\n]*\b(?:_?lazy\w{0,40}\.attach(?:_stub)?)\("
    rb"|^def __getattr__\([^\n]*\n(?:[ \t][^\n]*\n|\n)*?[ \t][^\n]*\bimport_module\(",
    re.MULTILINE,
)

_MAYBE_LAZY = re.compile(rb"sys\.modules\[__name__\]|lazy|__getattr__")
# What every text that _LAZY finds something in has: it is found far faster.


def lazy_line(content: bytes) -> int:
    """Return the line (from 1) at which a package arranges to load its parts on demand, or 0.

    It puts another object in its own place, leaves itself to `lazy_loader`, or has a `__getattr__`
    that imports by name.
    """
    match = _LAZY.search(content) if _MAYBE_LAZY.search(content) else None
    return content.count(b"\n", 0, match.start()) + 1 if match else 0


_CALL = re.compile(
    rb"(?<!def )(?<![\w.\"'])(?:\w+\.)*"
    rb"(?:is_(\w{1,80})_available|has_(\w{1,80}))\([^()\n]*\)"
)
_LOADED = re.compile(rb"([\"'])([\w.]+)\1 in sys\.modules")
_TEST = re.compile(rb"^[ \t]*(?:el)?if\b[^\n]*", re.MULTILINE)
_FLAG = re.compile(
    rb"(?<![\w.\"'])(?:\w+\.)*_{0,4}(?:(?:HAS|HAVE|has|have)_(\w{1,80})|(\w{1,80}?)_(?:AVAILABLE|available))\b(?![\w.(\"'=])"
)
_ASKS = re.compile(rb"sys\.modules|available|AVAILABLE|has_|have_|HAS_|HAVE_")
_OTHER_NAMES = {"vision": "PIL", "pillow": "PIL", "opencv": "cv2", "speech": "torchaudio",
                "tf": "tensorflow", "ipython": "IPython", "crypto": "cryptography"}  # fmt: skip


def as_probes(content: bytes) -> bytes:
    """Return a source text in which questions for what is there are calls of `find_spec`.

    Lines stay where they are.
    """
    if not _ASKS.search(content):
        return content
    text = _LOADED.sub(lambda match: _probe(match[2]), content)
    text = _CALL.sub(lambda match: _probe(match[1] or match[2]), text)
    flags = _FLAG.search(text)
    return _TEST.sub(lambda match: _flags(match[0], text), text) if flags else text


def _flags(line: bytes, text: bytes) -> bytes:
    def probe(match: re.Match[bytes]) -> bytes:
        name = match[0]
        if re.search(rb"^[ \t]*" + re.escape(name) + rb"[ \t]*[:=]", text, re.MULTILINE):
            return name
        return _probe(match[1] or match[2])

    return _FLAG.sub(probe, line)


def _probe(name: bytes) -> bytes:
    """Return `(find_spec("x") and find_spec("X") …)`: by all that x may be imported as."""
    word = name.decode("ascii", "ignore").strip("_")
    lower = word.lower()
    names = {word, lower, word.upper(), lower.partition("_")[0], _OTHER_NAMES.get(lower, lower)}
    return ("(" + " and ".join(f'find_spec("{each}")' for each in sorted(names)) + ")").encode()
