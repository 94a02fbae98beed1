"""Whatever stands in the files, an audit ends with findings."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pruner.audit.values import Audits
from pruner.config import parse
from pruner.jobs.audit import audit, code_of
from pruner.report.markdown import markdown
from pruner.report.sarif import sarif

CONFIG = """\
[images.x]
dockerfile = "Dockerfile"
requirements = ["requirements.txt"]
[[images.x.agents]]
name = "a"
module = "a"
ready = { exit = 0 }
"""
WORDS = st.sampled_from(
    [
        *("FROM a AS b", "FROM $X", "FROM b", "ARG TOKEN=abc", "ENV A=1 SECRET='x", "USER"),
        *("RUN apt-get install -y gcc $X", "RUN pip install -r requirements.txt", "RUN <<E", "E"),
        *("COPY . /x", "COPY --from=b /x/* /y*", 'COPY ["a", "b"]', "ADD https://u:p@h/x.pt /"),
        *("USER 0", "ONBUILD RUN x", "# pruner: ignore PRN206", "# escape=`", "\\", 'RUN "', "${"),
        *(
            "\0",
            "\t",
            'ENTRYPOINT ["x.sh"]',
            "CMD x",
            "--mount=type=cache",
            "HEALTHCHECK CMD curl x",
        ),
    ]
)
DOCKERFILES = st.lists(WORDS | st.text(max_size=8), max_size=12).map("\n".join)
LINES = st.sampled_from(
    ("flask", "a==1", "torch==2.2.2+cu121 --index-url https://h", "-r x", "-e .", "a=1", "[", "# x")
)
REQUIREMENTS = st.lists(LINES | st.text(max_size=8), max_size=6).map("\n".join)
PATTERNS = st.lists(
    st.sampled_from(["*", "!a", "**/x", "[z-a]", "a[", "!", "\\", "[^", "..", "[[]"])
    | st.text(max_size=5),
    max_size=5,
).map("\n".join)


@settings(max_examples=150)
@given(DOCKERFILES, REQUIREMENTS, PATTERNS)
def test_any_files_are_audited(dockerfile: str, requirements: str, patterns: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        contents = {
            "pruner.toml": CONFIG,
            "Dockerfile": dockerfile,
            "requirements.txt": requirements,
            ".dockerignore": patterns,
        }
        for file, text in contents.items():
            (root / file).write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        config = parse(CONFIG, root / "pruner.toml")
        result = Audits(schema=1, images=(audit(config, config.images["x"]),))
    assert code_of(result) in {0, 1}
    assert markdown(result)
    assert sarif(result, "1")
