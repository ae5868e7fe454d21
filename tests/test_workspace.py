"""Front ends read through the workspace, and it never leaves the base."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iacguard.source import SourceFile
from iacguard.workspace import DiskWorkspace, encoding_problem, read_plain


@pytest.fixture
def base(tmp_path: Path) -> Path:
    root = tmp_path / "base"
    (root / "modules" / "net").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / "main.tf").write_text("# main\n")
    (root / "modules" / "net" / "main.tf").write_text("# net\n")
    (tmp_path / "outside.tf").write_text("# outside\n")
    (root / "out.tf").symlink_to(tmp_path / "outside.tf")
    (root / "in.tf").symlink_to("modules/net/main.tf")
    (root / "link").symlink_to("modules")
    (root / "away").symlink_to(tmp_path)
    return root


def text(source: SourceFile | None) -> str | None:
    return None if source is None else source.text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("main.tf", "# main\n"),
        ("./modules/../main.tf", "# main\n"),
        ("modules/net/main.tf", "# net\n"),
        ("in.tf", "# net\n"),
        ("link/net/main.tf", "# net\n"),
        ("out.tf", None),
        ("away/outside.tf", None),
        ("../outside.tf", None),
        ("modules/../../outside.tf", None),
        ("modules", None),
        ("missing.tf", None),
        (".git/config", None),
        ("modules/../.git/config", None),
        ("", None),
        ("a\0b", None),
        ("x" * 5000, None),
    ],
)
def test_reading_stays_inside(base: Path, path: str, expected: str | None) -> None:
    assert text(DiskWorkspace(str(base)).read(path)) == expected


def test_an_absolute_path_is_outside(base: Path) -> None:
    assert DiskWorkspace(str(base)).read(str(base / "main.tf")) is None


def test_a_link_back_into_git_is_not_read(base: Path) -> None:
    (base / "config.tf").symlink_to(".git/config")
    assert DiskWorkspace(str(base)).read("config.tf") is None


def test_a_linked_file_knows_what_it_is(base: Path) -> None:
    source = DiskWorkspace(str(base)).read("link/net/main.tf")
    assert source is not None
    assert source.path == "link/net/main.tf"
    assert source.key == str(base / "modules" / "net" / "main.tf")


def test_listing_holds_plain_files_inside_only(base: Path) -> None:
    os.mkfifo(base / "pipe.tf")
    workspace = DiskWorkspace(str(base))
    assert workspace.listing("") == ("in.tf", "main.tf")
    assert workspace.listing("link/net") == ("main.tf",)
    assert workspace.listing("away") == ()
    assert workspace.listing("main.tf") == ()
    assert workspace.listing("..") == ()


def test_folders(base: Path) -> None:
    workspace = DiskWorkspace(str(base))
    assert workspace.exists("modules/net")
    assert workspace.exists("")
    assert workspace.exists("link")
    assert not workspace.exists("main.tf")
    assert not workspace.exists("away")
    assert not workspace.exists("..")


def test_files_are_read_once_and_known_ones_not_at_all(base: Path) -> None:
    known = SourceFile("main.tf", b"known")
    workspace = DiskWorkspace(str(base), {"main.tf": known})
    assert workspace.read("main.tf") is known
    first = workspace.read("modules/net/main.tf")
    (base / "modules/net/main.tf").write_text("changed")
    assert workspace.read("modules/net/main.tf") is first


def test_a_pipe_is_never_waited_for(base: Path) -> None:
    os.mkfifo(base / "pipe.tf")
    with pytest.raises(OSError, match="a named pipe"):
        read_plain(str(base / "pipe.tf"))


def test_of_a_large_file_only_the_head_is_read(base: Path) -> None:
    (base / "big.json").write_bytes(b"x" * 1000)
    content = read_plain(str(base / "big.json"), limit=999, head=10)
    assert (content.data, content.size, content.whole) == (b"x" * 10, 1000, False)
    assert read_plain(str(base / "big.json"), limit=1000).whole


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"a\nb\xffc", "byte 0xff is not valid UTF-8", 2),
        ("a: é".encode("latin-1"), "byte 0xe9 is not valid UTF-8", 1),
        ("a: 1\n".encode("utf-16"), "the file is UTF-16, not UTF-8", 1),
        ("a: 1\n".encode("utf-32"), "the file is UTF-32, not UTF-8", 1),
        ("a: 1\n".encode("utf-16-le"), "the file is UTF-16 without a byte-order mark", 1),
        (b"a: 1\n\x00\x01", "the file holds binary data", 2),
    ],
)
def test_what_is_not_utf8_is_said_with_its_line(data: bytes, message: str, line: int) -> None:
    problem = encoding_problem("f.yaml", data)
    assert problem is not None
    assert (problem.kind, problem.message, problem.span.line) == ("encoding", message, line)
    assert problem.hint


def test_utf8_with_a_mark_is_fine() -> None:
    assert encoding_problem("f.yaml", "\ufeffa: é".encode()) is None
