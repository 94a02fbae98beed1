"""What stands in the place of COPY and ADD: no more of the context than the image needs."""

import pytest

from minimal import context, done, texts


def test_of_a_whole_tree_the_first_party_code_is_copied_and_the_rest_is_told() -> None:
    found = done("WORKDIR /srv\nCOPY . .")
    assert found.texts == ("WORKDIR /srv", "COPY app ./app")
    assert found.copied == ("app",)
    assert found.code == ("/srv",)
    (note,) = found.findings
    assert (note.code, note.severity, note.where) == ("PRN304", "note", "Dockerfile:3")
    assert note.what.startswith("no code names 13 of what is copied, left out: .env, .env.prod")
    assert note.what.endswith(" and 3 more")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY . /srv", ["COPY app /srv/app"]),
        ("COPY ./ /srv/", ["COPY app /srv/app"]),
        ("ADD . /srv", ["COPY app /srv/app"]),
        ('COPY [".", "/srv"]', ["COPY app /srv/app"]),
        ("COPY --chown=1:1 --link . /srv", ["COPY --chown=1:1 --link app /srv/app"]),
        ("COPY app /srv/app", ["COPY app /srv/app"]),
        ("COPY app/ app/main.py /srv/", ["COPY app/main.py /srv/", "COPY app /srv/"]),
        ("COPY app/main.py /srv/start.py", ["COPY app/main.py /srv/start.py"]),
        ("COPY run.py entrypoint.sh /", ["COPY run.py entrypoint.sh /"]),
        ("COPY docs /srv/docs", ["COPY docs /srv/docs"]),
        ("COPY *.py /srv/", ["COPY *.py /srv/"]),
        ("COPY requirements*.txt /srv/", []),
        ("COPY requirements.txt README.md run.py ./", ["COPY run.py ./"]),
        ('COPY ["my files/a b.txt", "/srv/"]', ['COPY ["my files/a b.txt", "/srv/"]']),
        ("COPY .env /srv/", ["COPY .env /srv/"]),
        ("COPY --parents app/main.py /srv/", ["COPY --parents app/main.py /srv/"]),
        ("ADD https://a.example/x.bin /srv/", ["ADD https://a.example/x.bin /srv/"]),
        ("COPY <<EOF /srv/x\nhello\nEOF", ["COPY <<EOF /srv/x\nhello\nEOF"]),
    ],
)
def test_every_form_of_a_copy(line: str, expected: list[str]) -> None:
    assert texts(line) == expected


def test_variables_in_a_copy_have_their_values() -> None:
    text = "ARG FROM=app\nENV HOME_OF=/srv\nWORKDIR $HOME_OF\nCOPY ${FROM} $HOME_OF/${FROM}"
    found = done(text)
    assert found.texts[-1] == "COPY app /srv/app"
    assert found.code == ("/srv/app",)


def test_what_code_names_comes_along() -> None:
    words = ("data/words.txt", "/srv/entrypoint.sh", "my files/a b.txt", "/docs")
    where = context(words=words)
    assert texts("COPY . /srv", where) == [
        "COPY app /srv/app",
        "COPY data /srv/data",
        "COPY entrypoint.sh /srv/",
        'COPY ["my files", "/srv/my files"]',
    ]


def test_a_requirements_file_stays_where_code_names_it() -> None:
    where = context(words=("requirements.txt",))
    assert texts("COPY requirements.txt /srv/", where) == ["COPY requirements.txt /srv/"]


def test_a_file_of_any_name_that_is_installed_from_is_not_copied() -> None:
    where = context("app/a.py", "deps/base.txt", "deps/more.txt", "pins.txt")
    text = "WORKDIR /srv\nCOPY pins.txt .\nCOPY deps /tmp/deps\n"
    assert texts(f"{text}RUN pip install -r pins.txt -r /tmp/deps/base.txt", where) == [
        "WORKDIR /srv"
    ]
    assert len(texts(text, where)) == 3


def test_a_whole_tree_is_copied_though_requirements_are_installed_from_it() -> None:
    found = texts("COPY . /srv\nRUN pip install -r /srv/requirements.txt && pip install /srv")
    assert found == ["COPY app /srv/app"]


def test_trees_below_folders_take_only_what_lies_around_them_and_is_needed() -> None:
    files = ("services/x/src/x/a.py", "services/x/setup.py", "services/y/src/y/b.py", "top.txt")
    where = context(*files, sources=("services/x/src",))
    assert texts("COPY . /srv", where) == ["COPY services/x/src /srv/services/x/src"]
    assert texts("COPY services /srv/s", where) == ["COPY services/x/src /srv/s/x/src"]
    assert texts("COPY services/x /srv", where) == ["COPY services/x/src /srv/src"]
    assert texts("COPY services/x/src /srv", where) == ["COPY services/x/src /srv"]
    assert texts("COPY services/x/src/x /srv/x", where) == ["COPY services/x/src/x /srv/x"]


def test_where_everything_is_first_party_everything_is_copied() -> None:
    found = done("COPY . /srv", context(sources=("",)))
    assert "COPY app /srv/app" in found.texts
    assert "COPY docs /srv/docs" in found.texts
    assert not any(".env" in text for text in found.texts)


def test_the_context_may_be_a_folder_of_the_project() -> None:
    text = 'COPY . /srv\nCOPY ["my files/a b.txt", "/srv/"]\nCOPY *.py /srv/'
    found = done(text, folder="backend")
    assert found.texts == (
        "COPY backend/app /srv/app",
        'COPY ["backend/my files/a b.txt", "/srv/"]',
        "COPY backend/*.py /srv/",
    )
    assert found.copied == ("backend/app", "backend/my files/a b.txt", "backend/*.py")


def test_what_is_not_there_is_named_with_its_line() -> None:
    found = done("COPY app /srv\nCOPY dist/app.js nowhere.txt /srv/")
    assert found.texts == ("COPY app /srv",)
    assert [(row.code, row.severity, row.where) for row in found.findings] == [
        ("PRN306", "warning", "Dockerfile:3")
    ] * 2
    assert found.findings[0].what.startswith("dist/app.js is copied, and is not in the build")


def test_an_archive_is_still_unpacked() -> None:
    where = context("app/a.py", "model.tar.gz", "x.bin")
    assert texts("ADD model.tar.gz /m/\nADD x.bin /m/", where) == [
        "ADD model.tar.gz /m/",
        "COPY x.bin /m/",
    ]
