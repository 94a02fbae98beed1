"""No text that went through shows a secret, and whatever is no secret stays."""

import json
import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pruner.urls import bare, cleaned, restored, without_credentials

# name: (text, what is shown of it)
SHOWN = {
    "user and password": ("https://me:pw@host/simple", "https://****@host/simple"),
    "a token as user": ("at https://tok@host:8080/x.", "at https://****@host:8080/x."),
    "an @ in the password": ("https://me:p@w@host/", "https://****@host/"),
    "a slash in the password": ("https://me:p/w@host/", "https://****@host/"),
    "a hash in the password": ("https://me:p#w@host/", "https://****@host/"),
    "quotes in the password": ("https://me:p\"w'@host/", "https://****@host/"),
    "a repository": ("git+https://me:pw@host/r.git", "git+https://****@host/r.git"),
    "a database": ("postgresql+asyncpg://me:pw@db:5432/x", "postgresql+asyncpg://****@db:5432/x"),
    "a token in the query": ("https://h/x?a=1&token=abc&b=2", "https://h/x?a=1&token=****&b=2"),
    "a signature": ("https://h/x.whl?X-Amz-Signature=a#sha256=b", None),
    "a token in the fragment": ("https://h/x#access_token=abc", "https://h/x#access_token=****"),
    "two of them": ("https://a:b@h https://c:d@i", "https://****@h https://****@i"),
    "a password cut short": ("at https://me:pw", "at https://****"),
    "no secret": (
        "https://h:80/@scope/x?page=2#sha256=ab",
        "https://h:80/@scope/x?page=2#sha256=ab",
    ),
    "an address": ("http://[::1]:8000/simple/@x", "http://[::1]:8000/simple/@x"),
    "no URL": ("me:pw@host, a@b", "me:pw@host, a@b"),
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.values(), ids=SHOWN)
def test_what_is_shown(text: str, shown: str | None) -> None:
    wanted = shown or "https://h/x.whl?X-Amz-Signature=****#sha256=b"
    assert without_credentials(text) == wanted
    assert without_credentials(wanted) == wanted


# The secret consists of letters that stand nowhere else in the text around it.
SECRET = st.text(alphabet="QZXJ", min_size=4, max_size=12)
AROUND = st.text(alphabet=string.ascii_lowercase + "0123456789/:@#?&=%\"'\\ .,-\n", max_size=40)
MIXED = st.text(alphabet="/:@#%!$\"'\\", max_size=3)
HOST = st.from_regex(r"[a-z]{1,9}(\.[a-z]{2,5})?(:[0-9]{2,4})?", fullmatch=True)


@given(AROUND, SECRET, MIXED, SECRET, HOST, AROUND)
@example("", "QQQQ", "@\\", "ZZZZ", "a", "")  # an @ in the password, and no host behind it
@example("", "QQQQ", "@:/", "ZZZZ", "a", "")
def test_no_password_survives(
    before: str, left: str, mixed: str, right: str, host: str, after: str
) -> None:
    text = f"{before} https://user:{left}{mixed}{right}@{host}/simple {after}"
    shown = without_credentials(text)
    assert left not in shown
    assert right not in shown
    assert without_credentials(shown) == shown
    document = json.dumps(cleaned({text: [text, {"a": (text, 1, None)}]}))
    assert not re.search("[QZXJ]{4}", document)


@given(SECRET, HOST, st.sampled_from(["token", "access_token", "Api-Key", "sig", "X-Auth"]))
def test_no_token_survives(secret: str, host: str, name: str) -> None:
    for mark in "?#":
        url = f"https://{host}/simple{mark}a=1&{name}={secret}"
        assert secret not in without_credentials(url)
        assert secret not in bare(url)


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    shown = without_credentials(text)
    assert without_credentials(shown) == shown
    bare(text)


def test_a_lock_has_bare_urls_and_uv_gets_them_whole() -> None:
    index = "https://me:pw@host.example/simple/?token=t"
    assert bare(index) == "https://host.example/simple/"
    assert bare("https://h/a.whl?x=1#sha256=ab&token=c") == "https://h/a.whl#sha256=ab"
    text = "--index-url https://host.example/simple\na @ https://host.example/f/a.whl\nhttps://o/x"
    assert restored(text, [index]) == (
        "--index-url https://me:pw@host.example/simple/?token=t\n"
        "a @ https://me:pw@host.example/f/a.whl\nhttps://o/x"
    )
