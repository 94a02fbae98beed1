"""The codes of an audit, a lock and an image: what each is about, and why it matters."""

from pruner.model import Value


class Code(Value, frozen=True):
    """A kind of finding: `name` in a few words, `why` in one sentence, `fix` in general."""

    name: str
    severity: str
    why: str
    fix: str


FIX = "see what the finding itself says"

CODES = {
    "PRN120": Code(
        "options on the line of a requirement",
        "error",
        "No installer takes the options of an index there, and an index that is named beside the"
        " default one lets the other build win.",
        "put the options on lines of their own",
    ),
    "PRN200": Code(
        "cannot be read",
        "error",
        "What no builder would take builds no image, and what pruner cannot read it cannot audit.",
        "correct the line that is named",
    ),
    "PRN201": Code(
        "a base image that does not exist",
        "error",
        "The source in rules/ lists every tag of that kind, and this one is not among them.",
        "take one of the nearest tags that do exist",
    ),
    "PRN202": Code(
        "CUDA twice",
        "warning",
        "Wheels that bring their own CUDA never load the base's, which is carried all the same.",
        "build on a slim Python base, and set the NVIDIA_* variables",
    ),
    "PRN203": Code(
        "no CUDA for a GPU",
        "warning",
        "Neither the base nor a wheel brings CUDA, so everything runs on the CPU.",
        "install builds that bring CUDA, or say gpu = false",
    ),
    "PRN204": Code(
        "the GPU is not asked for",
        "warning",
        "On a base without NVIDIA_VISIBLE_DEVICES the container runtime mounts no driver unless"
        " whoever starts it says so; a CUDA base has these variables, a slim one has not.",
        "ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility",
    ),
    "PRN205": Code(
        "CUDA that nothing uses",
        "warning",
        "The base brings CUDA, and neither the configuration nor a requirement asks for a GPU.",
        "build on a base without CUDA",
    ),
    "PRN206": Code(
        "build tools in the image",
        "warning",
        "Compilers and the like are needed while wheels are built, and never by what runs.",
        "build in a stage of its own, and copy only what it made",
    ),
    "PRN207": Code(
        "headers in the image",
        "warning",
        "A -dev package has headers for a compiler; what runs needs the library alone.",
        "install the library's own package, and the -dev package in a builder stage",
    ),
    "PRN208": Code(
        "single stage",
        "warning",
        "Whatever a single stage needed to build stays in the image.",
        "split it: a builder, and a final stage that copies from it",
    ),
    "PRN209": Code(
        "the whole tree is copied",
        "warning",
        "Everything of the context becomes a layer, and every change of any file makes a new one.",
        "copy the folders that the image runs, and only these",
    ),
    "PRN210": Code(
        "a cache stays in a layer",
        "warning",
        "What an installer keeps for its next run is in the layer for good; a later RUN cannot"
        " take it out again.",
        "remove it in the same RUN, or mount a cache",
    ),
    "PRN211": Code(
        "removed too late",
        "warning",
        "What a later layer removes is hidden, not gone: its bytes stay in the layer below.",
        "remove it in the RUN that made it",
    ),
    "PRN212": Code(
        "a secret in the image",
        "error",
        "ARG, ENV and the text of instructions are in the image for everyone who can pull it.",
        "RUN --mount=type=secret while building; the environment of the container when it runs",
    ),
    "PRN213": Code(
        "runs as root",
        "warning",
        "Who breaks out of the process is root in the container, and owns what is mounted.",
        "make a user, and name it by USER before CMD",
    ),
    "PRN214": Code(
        "a model in the image",
        "warning",
        "Weights are pulled with every release although they seldom change.",
        "keep them in a volume, or in a base of their own",
    ),
    "PRN215": Code(
        "a wildcard in a destination",
        "error",
        "Only sources have wildcards: a destination with one becomes a folder of that very name.",
        "write the destination out",
    ),
    "PRN216": Code(
        "not followed",
        "note",
        "pruner does not read what stands there, so it can say nothing about it.",
        "look at it yourself",
    ),
    "PRN217": Code(
        "a system package that nothing used",
        "warning",
        "No file of it was opened, mapped or run while the agents ran.",
        "leave it out, and prove it: `pruner lock --image NAME`",
    ),
    "PRN218": Code(
        "scripts stay behind",
        "warning",
        "site-packages alone leave out the programs that distributions install, such as uvicorn.",
        "install into a virtual environment, and copy all of it to the same path",
    ),
    "PRN219": Code(
        "CUDA wheels for no GPU",
        "note",
        "The build for a GPU brings gigabytes that a machine without one never loads.",
        "install the build for the CPU, or say gpu = true",
    ),
    "PRN220": Code(
        "a requirement that cannot be read",
        "error",
        "An installer stops at it.",
        "correct the line",
    ),
    "PRN221": Code(
        "a requirement that is not pinned",
        "warning",
        "The next build gets whatever is newest by then.",
        "pin it, or install from a lock",
    ),
    "PRN222": Code(
        "a requirement that nobody needs",
        "warning",
        "No agent loads it, and no code that is reached would.",
        "take the line out, or install from the lock",
    ),
    "PRN223": Code(
        "no lock to compare with",
        "note",
        "What nobody needs is known once the agents ran.",
        "`pruner lock --image NAME` tells",
    ),
    "PRN224": Code(
        "distributions that come along unneeded",
        "warning",
        "Requirements that are needed declare more than is ever used.",
        "install from the lock, without dependencies",
    ),
    "PRN225": Code(
        "a base with build tools",
        "warning",
        "A base for building brings compilers and headers that nothing runs.",
        "build on the slim or runtime variant, and build wheels in a stage of their own",
    ),
    "PRN226": Code(
        "copied files are written again",
        "warning",
        "A layer holds whole files: to change the owner or the mode of one is to store it twice.",
        "say it while copying: COPY --chown=user --chmod=mode",
    ),
    "PRN230": Code(
        "the built image is another one",
        "note",
        "Its layers are not those of today's files, so they cannot be told apart.",
        "build it anew",
    ),
    "PRN240": Code(
        "the context is sent whole",
        "warning",
        "What a build sends and no instruction needs costs time, and spoils the cache.",
        "write a .dockerignore",
    ),
    "PRN241": Code(
        "a source that is not there",
        "error",
        "COPY of something that does not exist, or that .dockerignore leaves out, fails.",
        "correct the path, or the .dockerignore",
    ),
    "PRN242": Code(
        "a folder that cannot be listed",
        "note",
        "What is in it is not counted.",
        "make it readable, or leave it out by .dockerignore",
    ),
    "PRN243": Code(
        "no .dockerignore",
        "note",
        "Whatever comes to lie in the folder, such as history or virtual environments, is sent with"
        " the next build, and copied.",
        "write a .dockerignore",
    ),
    "PRN290": Code(
        "an ignore that ignores nothing",
        "note",
        "Nothing is found there, so the comment hides what comes next.",
        "remove the comment",
    ),
}
"""Those of an audit, which `ignore` may name. No code is ever given a new meaning."""

LOCK = {
    "PRN101": Code(
        "an import that nothing provides", "warning", "It fails where it is reached.", FIX
    ),
    "PRN102": Code(
        "first-party code that cannot be read",
        "warning",
        "No more than its import statements counts.",
        FIX,
    ),
    "PRN103": Code(
        "what a lock cannot pin",
        "error",
        "It was installed from a tree or an archive that no index has.",
        FIX,
    ),
    "PRN104": Code(
        "installed code that cannot be read",
        "warning",
        "No more than its import statements counts.",
        FIX,
    ),
    "PRN110": Code(
        "a host outside", "note", "An agent tried to reach it while it was traced.", FIX
    ),
    "PRN111": Code(
        "a run with another version",
        "note",
        "A recorded run used a distribution in another version than today's.",
        FIX,
    ),
    "PRN121": Code("no wheel", "note", "The pin has to be built wherever it is installed.", FIX),
    "PRN122": Code(
        "several indexes have it",
        "error",
        "Their contents differ, and nothing tells which of them it came from.",
        FIX,
    ),
    "PRN123": Code(
        "nothing builds it", "error", "The pin has no wheel, and nothing of its time fits.", FIX
    ),
    "PRN130": Code(
        "another version in another image",
        "note",
        "Images that pin the same version can share a layer.",
        FIX,
    ),
    "PRN131": Code("a lock that cannot be read", "note", "It is not compared with.", FIX),
    "PRN132": Code(
        "a pin that did not move", "note", "Versions could not be shared among images.", FIX
    ),
    "PRN301": Code("ONBUILD is not repeated", "warning", "A later stage would run it.", FIX),
    "PRN302": Code("a RUN that is repeated whole", "warning", "It installs something.", FIX),
    "PRN303": Code(
        "nobody has looked at the image", "note", "Debian packages that nothing uses stay.", FIX
    ),
    "PRN304": Code("what a COPY does not bring along", "note", "Nothing names it.", FIX),
    "PRN305": Code(
        "the base image", "note", "A slim one takes the place of CUDA's, or does not.", FIX
    ),
    "PRN306": Code("a COPY of what is not there", "error", "The build fails.", FIX),
    "PRN307": Code("a lock that is not proven", "warning", "Nobody has seen it run.", FIX),
    "PRN308": Code(
        "a stage that is carried over", "warning", "All that it installs comes along.", FIX
    ),
    "PRN309": Code("pins from a folder", "warning", "The build does not see it.", FIX),
    "PRN310": Code(
        "no pip that pins what builds", "warning", "The build may differ from the proof.", FIX
    ),
}
"""Those of `pruner lock` and `pruner image`."""
