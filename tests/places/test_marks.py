from pruner.places.marks import marked, untouched


def test_what_was_written_is_known_again_also_by_another_version() -> None:
    assert untouched(marked("github", "0.1.0", "a: 1\n"))
    assert untouched(marked("cron", "9.9.9rc1", ""))


def test_a_change_is_seen_anywhere() -> None:
    text = marked("github", "0.1.0", "a: 1\nb: 2\n")
    for changed in (text + "\n", text.replace("1\n", "2\n"), text[:-1], text[1:], "\n" + text, ""):
        assert not untouched(changed), changed


def test_ends_of_lines_that_git_made_are_no_change() -> None:
    assert untouched(marked("gitlab", "0.1.0", "a: 1\nb: 2\n").replace("\n", "\r\n"))
