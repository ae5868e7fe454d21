from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from iacguard.cli.outputs import Target, pair, write
from iacguard.cli.status import CommandError


@pytest.mark.parametrize(
    ("formats", "outputs", "expected"),
    [
        ([], [], [("table", "-")]),
        (["json"], [], [("json", "-")]),
        ([], ["r.sarif"], [("sarif", "r.sarif")]),
        ([], ["r"], [("table", "r")]),
        ([], ["a.json", "b.sarif"], [("json", "a.json"), ("sarif", "b.sarif")]),
        # As many outputs as formats: strictly in order, whatever their names say.
        (["sarif", "json"], ["a.json", "b.json"], [("sarif", "a.json"), ("json", "b.json")]),
        # Fewer: by name first, then in order.
        (["table", "sarif"], ["out/demo.sarif"], [("table", "-"), ("sarif", "out/demo.sarif")]),
        (["sarif", "table"], ["report"], [("sarif", "report"), ("table", "-")]),
        (["table", "sarif", "json"], ["x.json", "y"], [("table", "y"), ("sarif", "-"), ("json", "x.json")]),
        (["table", "sarif"], ["-", "s"], [("table", "-"), ("sarif", "s")]),
    ],
)
def test_pairs(formats: list[str], outputs: list[str], expected: list[tuple[str, str]]) -> None:
    assert pair(formats, outputs) == tuple(Target(*item) for item in expected)


@pytest.mark.parametrize(
    ("formats", "outputs"), [(["xml"], []), (["json"], ["a", "b"]), (["json", "sarif"], ["a", "a"]), (["json"], [""])]
)
def test_what_cannot_be_meant(formats: list[str], outputs: list[str]) -> None:
    with pytest.raises(CommandError):
        pair(formats, outputs)


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real" / "r.txt")
    write(str(link), "text ü\n")
    assert link.is_symlink()
    assert (tmp_path / "real" / "r.txt").read_bytes() == "text ü\n".encode()


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "r.txt"
    target.write_text("before", encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(CommandError, match="No space left on device"):
        write(str(target), "after")
    assert [p.name for p in tmp_path.iterdir()] == ["r.txt"]
    assert target.read_text(encoding="utf-8") == "before"


def test_a_device_is_written_to(tmp_path: Path) -> None:
    write("/dev/null", "x")
    with pytest.raises(CommandError, match="it is a folder"):
        write(str(tmp_path), "x")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
def test_a_new_file_has_the_permissions_of_the_umask_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(str(tmp_path / "new.json"), "x")
        (tmp_path / "old.json").touch()
        (tmp_path / "old.json").chmod(0o604)
        write(str(tmp_path / "old.json"), "x")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"new.json": 0o640, "old.json": 0o604}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
def test_what_is_being_written_is_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def chmod(path: str, mode: int) -> None:
        seen.append(os.stat(path).st_mode & 0o777)

    monkeypatch.setattr(os, "chmod", chmod)
    write(str(tmp_path / "report.json"), "secret")
    assert seen == [0o600]
