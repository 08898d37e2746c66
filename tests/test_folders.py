"""Files and folders that appear whole: what is replaced, what is kept, and what is refused before a byte is written."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from forecast.cli.main import group
from forecast.delivery import folders
from forecast.delivery.folders import picture_format, publish_file, publish_files, refuse_place
from forecast.errors import InputError

OURS = ("a.csv", "b.csv")


def test_the_working_folder_and_those_around_it_are_refused(tmp_path, monkeypatch):
    inside = tmp_path / "one" / "two"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    for place in (".", "", "..", inside, tmp_path):
        with pytest.raises(
            InputError, match="whole folder would be replaced, and it is your working folder. Choose another --out"
        ):
            publish_files(place, {"a.csv": b"1"}, OURS)
    assert list(inside.iterdir()) == [] and [path.name for path in tmp_path.iterdir()] == ["one"]
    assert publish_files("out", {"a.csv": b"1"}, OURS) == [Path("out/a.csv")]


def test_a_folder_full_of_other_things_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MOST_STRANGERS", 3)
    home = tmp_path / "home"
    (home / "deep").mkdir(parents=True)
    for number in range(3):
        (home / "deep" / f"{number}.txt").write_text("mine")
    before = home.stat().st_ino
    with pytest.raises(
        InputError, match=r"holds more than 3 other files, .* a folder of its own, such as .*home/forecast"
    ):
        publish_files(home, {"a.csv": b"1"}, OURS)
    assert home.stat().st_ino == before and [path.name for path in home.iterdir()] == ["deep"]


def test_a_folder_that_is_named_like_a_file_of_ours_is_not_replaced(tmp_path):
    """Before, it went with all that lay in it."""
    (tmp_path / "home" / "a.csv").mkdir(parents=True)
    (tmp_path / "home" / "a.csv" / "mine.txt").write_text("mine")
    for write in (lambda: refuse_place(tmp_path / "home", OURS), lambda: publish_files(tmp_path / "home", {}, OURS)):
        with pytest.raises(InputError, match=r"home/a\.csv: a folder, where a file of that name would be written"):
            write()
    assert (tmp_path / "home" / "a.csv" / "mine.txt").read_text() == "mine"


def test_a_replaced_folder_keeps_its_rights_and_a_link_stays_a_link(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    real.chmod(0o2770)
    (tmp_path / "link").symlink_to(real)
    publish_files(tmp_path / "link", {"a.csv": b"1"}, OURS)
    assert (tmp_path / "link").is_symlink() and (real / "a.csv").read_bytes() == b"1"
    assert stat.S_IMODE(real.stat().st_mode) == 0o2770


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    publish_file(pipe, b"12")
    assert os.read(reader, 9) == b"12" and pipe.is_fifo()
    os.close(reader)
    (tmp_path / "new.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "new.csv")
    publish_file(tmp_path / "link.csv", b"34")
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "new.csv").read_bytes() == b"34"


@pytest.mark.parametrize("verb", [("run",), ("compare", "base", "scarcity")])
def test_a_picture_that_cannot_be_drawn_is_refused_before_the_work(verb, tmp_path):
    arguments = [*verb, "--paths", "100", "--months", "2", "--out", str(tmp_path / "o"), "--picture", "p.txt"]
    outcome = CliRunner().invoke(group, arguments)
    assert str(outcome.exception) == "p.txt: a picture ends in .png or .svg. Correct the name."
    assert list(tmp_path.iterdir()) == []


def test_many_that_publish_at_once_leave_one_whole_set_and_all_strangers(tmp_path):
    """Without the lock some find the place empty between two renames, and the stranger is lost with the old folder."""
    out = tmp_path / "out"
    publish_files(out, {"a.csv": b"0", "b.csv": b"0"}, OURS)
    (out / "mine.txt").write_text("keep")

    def publish(number: int) -> None:
        for _ in range(20):
            publish_files(out, {"a.csv": b"%d" % number, "b.csv": b"%d" % number}, OURS)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(publish, number) for number in range(4)]:
            done.result()
    assert (out / "a.csv").read_bytes() == (out / "b.csv").read_bytes()
    assert sorted(path.name for path in out.iterdir()) == ["a.csv", "b.csv", "mine.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "words",
    [
        ("run", "nosuch", "--out"), ("run", "nosuch", "--picture"), ("compare", "nosuch", "--out"), ("export", "nosuch", "--out"),
        ("report", "--scenario", "nosuch", "--out"), ("report", "--scenario", "nosuch", "--figures"),
        ("sensitivity", "nosuch", "--out"), ("backtest", "--prices", "nosuch", "--out"), ("trend", "nosuch", "--picture"),
        ("cost", "--cases", "nosuch", "--out"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_written_is_refused_before_anything_else(tmp_path, words):
    (tmp_path / "file").write_text("mine")
    place = tmp_path / "file" / "deep" / "it.png"
    with pytest.raises(InputError, match=r"it.png: cannot be written \(Not a directory\). Choose another --out."):
        CliRunner().invoke(group, [*words, str(place)], catch_exceptions=False)
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "mine"


def test_a_place_is_tried_without_a_trace(tmp_path, monkeypatch):
    refuse_place(tmp_path / "new" / "deep" / "o", OURS)
    refuse_place(tmp_path / "page.html")
    refuse_place("/dev/null")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="it is your working folder"):
        refuse_place(".", OURS)


def test_a_folder_that_cannot_be_replaced_is_put_back(tmp_path, monkeypatch):
    """The new one cannot take its place: the old one, moved aside a moment before, is there again, and no trace of the new."""
    out, rename = tmp_path / "out", Path.rename
    publish_files(out, {"a.csv": b"old"}, OURS)
    (out / "mine.txt").write_text("mine")

    def refuse(self, target):
        if self.name == "new":
            raise OSError(5, "input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(InputError, match=r"cannot be written \(input/output error\)"):
        publish_files(out, {"a.csv": b"new", "b.csv": b"new"}, OURS)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {"a.csv": b"old", "mine.txt": b"mine"}
    assert list(tmp_path.iterdir()) == [out]


def test_strangers_are_kept_as_they_are_links_and_folders_too(tmp_path):
    out, elsewhere = tmp_path / "new" / "out", tmp_path / "elsewhere"
    publish_files(out, {"a.csv": b"1", "b.csv": b"1"}, OURS)
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "far.txt").write_text("far")
    (out / "deep" / "er").mkdir(parents=True)
    (out / "deep" / "er" / "note.txt").write_text("kept")
    (out / "deep" / "to.txt").symlink_to(elsewhere / "far.txt")
    (out / "file").symlink_to(elsewhere / "far.txt")
    (out / "folder").symlink_to(elsewhere)
    publish_files(out, {"a.csv": b"2"}, OURS)
    assert sorted(path.name for path in out.iterdir()) == ["a.csv", "deep", "file", "folder"], (
        "an old one of ours is gone"
    )
    assert (out / "a.csv").read_bytes() == b"2" and (out / "deep" / "er" / "note.txt").read_text() == "kept"
    assert all((out / name).is_symlink() for name in ("file", "folder", "deep/to.txt"))


def test_as_many_strangers_as_may_be_are_none_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MOST_STRANGERS", 3)
    for name in ("1", "2", "3"):
        (tmp_path / "out" / name).mkdir(parents=True)
    publish_files(tmp_path / "out", {"a.csv": b"1"}, OURS)
    publish_files(tmp_path / "out", {"a.csv": b"1"}, OURS)  # our own do not count
    (tmp_path / "out" / "4").mkdir()
    with pytest.raises(InputError, match="holds more than 3 other files"):
        refuse_place(tmp_path / "out", OURS)


def test_pictures_are_png_or_svg(tmp_path):
    assert [picture_format(name) for name in ("a.png", Path("b.svg"))] == ["png", "svg"]
    with pytest.raises(InputError, match=r"a.pdf: a picture ends in .png or .svg. Correct the name."):
        picture_format("a.pdf")
    assert publish_file(tmp_path / "not" / "yet" / "a.svg", b"1").read_bytes() == b"1"
    with pytest.raises(InputError, match="cannot be written"):
        publish_file(tmp_path / "not", b"1")


def test_a_mounted_folder_is_refused_before_the_work(tmp_path, monkeypatch):
    """A volume of a container cannot be renamed: the run was done, and lost."""
    monkeypatch.setattr(os.path, "ismount", lambda place: place == tmp_path)
    with pytest.raises(InputError, match=r"a mounted one cannot be. Choose one below, such as .*/forecast\.$"):
        refuse_place(tmp_path, OURS)
    assert publish_files(tmp_path / "forecast", {"a.csv": b"1"}, OURS)
