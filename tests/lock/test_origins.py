"""Which of several indexes a distribution came from, and where a lock says so."""

from pathlib import Path

import pytest

from pruner.config import Image
from pruner.lock.compiling import Offer
from pruner.lock.moving import beside, installable
from pruner.lock.origins import Candidate, take
from pruner.lock.places import Place, Places, gather
from pruner.requirements import Indexes, Requirement, Requirements

ONE, TWO = Place("https://one.example/s"), Place("https://two.example/s")


def _offer(sha256: str, *, wheel: bool = True, source: str | None = None) -> Offer:
    return Offer(url="https://x/", sha256=sha256, wheel=wheel, source=source)


# name: (what the default, one and two have; the wheel that is installed; which is taken)
CASES: dict[str, tuple[list[Offer], str, int | None]] = {
    "the same file": ([_offer("a"), _offer("a")], "", 0),
    "the wheel on the disk": ([_offer("a"), _offer("b"), _offer("c")], "b", 1),
    "no wheel of them": ([_offer("a"), _offer("b")], "", None),
    "the only source": ([_offer("a"), _offer("b", source="s")], "", 1),
    "the same source": ([_offer("a", source="s"), _offer("b", source="s")], "", 0),
    "two sources": ([_offer("a", source="s"), _offer("b", source="t")], "", None),
    "one alone": ([_offer("a")], "", 0),
    "none": ([], "", None),
}


@pytest.mark.parametrize(("offers", "installed", "taken"), CASES.values(), ids=CASES)
def test_what_decides(offers: list[Offer], installed: str, taken: int | None) -> None:
    places = [None, ONE, TWO]
    candidates = [Candidate(*pair) for pair in zip(places, offers, strict=False)]
    found = take(candidates, lambda offer: offer.sha256 == installed)
    assert found == (None if taken is None else candidates[taken])


def test_who_says_where_things_come_from() -> None:
    image = Image(
        name="app",
        agents=(),
        indexes={"torch": "https://me:${TOKEN}@host.example/whl", "six": "wheels"},
    )
    own = Indexes(extra_index_urls=("https://own.example/s",))
    requirements = Requirements(
        requirements=(Requirement(name="Foo", file="r.txt", line=1, own=own),),
        indexes=Indexes(index_url="https://a:b@main.example/s", find_links=("/p/links",)),
    )
    told = [("index_url", "https://image.example/s"), ("find_links", "/in/the/image")]
    environ = {
        "TOKEN": "t",
        "UV_INDEX": "mine=https://env.example/s https://one.example/s",
        "UV_INDEX_MINE_USERNAME": "u",
        "UV_INDEX_MINE_PASSWORD": "p",
        "UV_DEFAULT_INDEX": "https://mirror.example/s",
    }
    assert gather(image, requirements, told, Path("/p"), environ) == Places(
        default=Place("https://a:b@main.example/s"),
        extra=(
            Place("/p/links", flat=True),
            Place("https://u:p@env.example/s"),
            ONE,
            Place("https://image.example/s"),
        ),
        own={"foo": Place("https://own.example/s")},
        chosen={
            "torch": Place("https://me:t@host.example/whl"),
            "six": Place("/p/wheels", flat=True),
        },
    )


def test_without_any_index_the_first_links_are_the_default() -> None:
    requirements = Requirements(indexes=Indexes(find_links=("/p/a", "/p/b"), no_index=True))
    found = gather(Image(name="app", agents=()), requirements, [], Path("/p"), {})
    assert (found.default, found.extra) == (
        Place("/p/a", flat=True),
        (Place("/p/b", flat=True),),
    )
    assert found.no_index


def test_folders_are_found_from_the_lock_and_from_anywhere() -> None:
    text = "--find-links /p/wheels\n--find-links /else\na==1\n"
    folder = Path("/p/locks/app")
    written = beside(text, folder, Path("/p"))
    assert written == "--find-links ../../wheels\n--find-links /else\na==1\n"
    assert installable(written, folder, []) == text
    pylock = 'wheels = [{ url = "file:///p/my%20wheels/a.whl" }, { url = "file:///else/b.whl" }]'
    assert beside(pylock, folder, Path("/p")) == (
        'wheels = [{ path = "../../my wheels/a.whl" }, { url = "file:///else/b.whl" }]'
    )
