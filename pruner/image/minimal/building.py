"""The stages that install: the builder of an image, and those of a shared base."""

import posixpath
import textwrap
from collections.abc import Iterable, Iterator

from pruner.image.minimal.recipe import Own, Recipe, Shared

PIP = (
    "PIP_BREAK_SYSTEM_PACKAGES=1",
    "PIP_DISABLE_PIP_VERSION_CHECK=1",
    "PIP_NO_CACHE_DIR=1",
    "PIP_ROOT_USER_ACTION=ignore",
)
PINNING_PIP = "26.1"
"""The first pip whose --build-constraint takes hashes: 26.0.1 refuses what a build requires."""
WIDTH = 98
COMPILED = "Slim images have no bytecode of the standard library, and who runs can write none."
_NOT_COMPILED = "(site|dist)-packages/|/tests?/|/idlelib/|/lib2to3/|/ensurepip/|/turtledemo/"
"""What no service imports of a standard library, and what pip installs, which it compiles."""


def shared_stages(shared: Shared) -> Iterator[str]:
    """Yield the two stages of a shared base; their text is the same in every image."""
    yield from comment(
        f"{shared.pins} pins that {', '.join(shared.images)} have in common. The same lines in"
        " each, so their layer is built, kept and moved once."
    )
    yield "FROM ${BASE_IMAGE} AS shared-builder"
    yield from _environment(shared.pip)
    yield f"COPY {shared.requirements} /pruner/requirements.txt"
    yield f"RUN {shared.python} -m pip install --root=/pruner/root --ignore-installed \\"
    yield "    --no-deps --require-hashes -r /pruner/requirements.txt"
    yield ""
    yield "FROM ${BASE_IMAGE} AS shared"
    yield from comment(COMPILED)
    yield from run([*without(shared.replaced, shared.python), *compiled(shared.python)])
    yield "COPY --from=shared-builder /pruner/root/ /"


def builder(recipe: Recipe) -> Iterator[str]:
    """Yield the stage that installs what the lock pins, below /pruner/root or where it stays."""
    yield f"FROM ${{{recipe.ground}}} AS builder"
    yield from _environment(recipe.pip)
    if recipe.builds:
        yield "# What installs and builds; it stays in this stage."
        yield from apt(recipe.builds)
    files = [recipe.requirements, *([recipe.constraints] if recipe.constraints else [])]
    yield f"COPY {' '.join(files)} /pruner/"
    if recipe.constraints is not None:
        yield "# An older pip cannot pin what a build gets."
    yield from run(_commands(recipe))
    for project in recipe.own:
        yield from _own(recipe, project)
    if recipe.guard:
        yield from _guard(recipe)


def _commands(recipe: Recipe) -> Iterator[str]:
    pip = f"{recipe.python} -m pip"
    if recipe.shared is not None:
        yield from without(recipe.replaced, recipe.python)
    if recipe.constraints is not None:
        yield f"{pip} install --target=/pruner/pip pip=={PINNING_PIP}"
        pip = f"PYTHONPATH=/pruner/pip {pip}"
    options = "--no-deps --require-hashes -r /pruner/requirements.txt"
    if recipe.constraints is not None:
        options = f"--build-constraint=/pruner/build-constraints.txt \\\n    {options}"
    if recipe.venv is not None:
        yield f"{recipe.python} -m venv --without-pip {recipe.venv}"
        yield f"{pip} --python={recipe.venv}/bin/python install \\\n    {options}"
        return
    yield "mkdir -p /pruner/root"  # where nothing is left to install, pip makes no folder
    anew = " --ignore-installed" if recipe.shared is None else ""
    yield f"{pip} install --root=/pruner/root{anew} \\\n    {options}"


def _own(recipe: Recipe, project: Own) -> Iterator[str]:
    """Yield what installs a project of the image's own, without what it requires."""
    place = f"/pruner/own/{project.name}"
    yield f"# {project.name} is the image's own, so no lock pins it."
    if project.files:
        yield f"COPY {' '.join(project.files)} {place}/"
    for folder in project.folders:
        inside = posixpath.relpath(folder, project.folder or ".")
        yield f"COPY {folder} {posixpath.normpath(posixpath.join(place, inside))}"
    where = f"--python={recipe.venv}/bin/python install"
    if recipe.venv is None:
        where = "install --root=/pruner/root --ignore-installed"
    yield f"RUN {recipe.python} -m pip {where} --no-deps {place}"


def run(commands: Iterable[str]) -> Iterator[str]:
    """Yield the RUN of some commands; nothing where there are none."""
    joined = " \\\n && ".join(commands)
    if joined:
        yield f"RUN {joined}"


def _guard(recipe: Recipe) -> Iterator[str]:
    yield "# Off, unless PRUNER_GUARD=1: it then tells of imports of what was left out."
    yield f"COPY {' '.join(recipe.guard)} /pruner/guard/"
    find = "import sysconfig; print(sysconfig.get_path('purelib'))"
    yield f'RUN site="$({recipe.interpreter} -c "{find}")" \\'
    yield ' && mkdir -p "/pruner/guarded$site" \\'
    yield ' && cp /pruner/guard/* "/pruner/guarded$site/" \\'
    yield f' && {recipe.interpreter} -m compileall -q -d "$site" \\'
    yield '    --invalidation-mode checked-hash "/pruner/guarded$site"'


def without(names: tuple[str, ...], python: str) -> Iterator[str]:
    """Yield the command that removes what the base has: files of two versions must not mix."""
    if names:
        yield f"{python} -m pip uninstall --yes {' '.join(names)}"


def compiled(python: str) -> Iterator[str]:
    """Yield the command that compiles what the standard library has no bytecode of: `COMPILED`.

    The slim images of Docker's Python leave all of it out, and a user who can write none compiles
    what it imports at every start: 0.7 to 1 s for a server's modules. It takes 12 MB where nothing
    was compiled, and nothing where all was.
    """
    folder = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    yield (
        f"{{ {python} -m compileall -q -x '{_NOT_COMPILED}' \\\n"
        f'        "$({python} -c "{folder}")" || true; }}'
    )


def apt(packages: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines that install Debian packages and leave nothing else."""
    yield "# The archive forgets old versions, so a pin would break the build of tomorrow."
    yield "# hadolint ignore=DL3008"
    yield "RUN apt-get update \\"
    lines = textwrap.wrap(" ".join(packages), WIDTH - 8, break_on_hyphens=False)
    yield " && apt-get install -y --no-install-recommends \\"
    yield from (f"        {line} \\" for line in lines)
    yield " && apt-get clean \\"
    yield " && rm -rf /var/lib/apt/lists/*"


def comment(text: str) -> Iterator[str]:
    """Yield a text as lines of a comment."""
    yield from (f"# {line}" for line in textwrap.wrap(text, WIDTH, break_on_hyphens=False))


def _environment(pip: Iterable[str]) -> Iterator[str]:
    yield "ENV " + " \\\n    ".join((*PIP, *pip))
