"""Putting the page together: style, data and script in one file that no trace can write into.

Text from traces and metadata is only ever in one place, a JSON block that no browser runs and in
which no character can end it. The script makes every element itself and gives it text, never
markup; the policy in the page lets nothing run but that script, by its hash, and loads nothing.
"""

import base64
import hashlib
from importlib.resources import files
from string import Template

import msgspec

from pruner.files import plain_json
from pruner.report.html.data import shown
from pruner.report.html.values import Report

SCRIPTS = ("dom.js", "layout.js", "treemap.js", "detail.js", "table.js", "sections.js", "main.js")
"""One script in the page, in this order."""
_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


def page(report: Report) -> str:
    """Return the report as one HTML file."""
    style = _part("style.css")
    body = "".join(_part(name) for name in SCRIPTS)
    script = f'(() => {{\n"use strict";\n{body}}})();\n'
    return Template(_part("page.html")).substitute(
        policy=_policy(script, style),
        style=style,
        data=harmless(plain_json(shown(report))),
        script=script,
    )


def harmless(json: bytes) -> str:
    """Return JSON, the same value, in which nothing means anything to a parser of HTML."""
    text = msgspec.json.encode(msgspec.json.decode(json)).decode()
    return text.translate(_ESCAPES)


def _policy(script: str, style: str) -> str:
    """Return the Content-Security-Policy: these two texts, and nothing from anywhere."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(script)}",
            f"style-src {_hash(style)}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _part(name: str) -> str:
    return (files("pruner.report.html") / name).read_text(encoding="utf-8")
