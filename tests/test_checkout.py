"""What is read from .git is what git itself says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from iacguard.checkout import find_root, read_checkout, web_url

COMMIT = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-q", "--allow-empty", "-m", "x"]


def git(folder: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "feature/one")
    git(root, *COMMIT)
    git(root, "remote", "add", "other", "https://example.org/wrong.git")
    git(root, "remote", "add", "origin", "https://someone:token@example.org/team/infra.git")
    return root


def test_a_plain_checkout(repository: Path) -> None:
    found = read_checkout(str(repository))
    assert found is not None
    assert found.revision == git(repository, "rev-parse", "HEAD")
    assert found.branch == "feature/one"
    assert found.repository == "https://example.org/team/infra"


def test_packed_references_and_a_detached_head(repository: Path) -> None:
    git(repository, "pack-refs", "--all")
    packed = read_checkout(str(repository))
    git(repository, "checkout", "-q", "--detach")
    detached = read_checkout(str(repository))
    assert packed is not None
    assert detached is not None
    assert packed.revision == detached.revision == git(repository, "rev-parse", "HEAD")
    assert detached.branch == ""


def test_a_worktree(repository: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    git(repository, "worktree", "add", "-q", "-b", "second", str(tree))
    git(tree, *COMMIT)
    found = read_checkout(str(tree))
    assert found is not None
    assert found.revision == git(tree, "rev-parse", "HEAD")
    assert found.branch == "second"
    assert found.repository == "https://example.org/team/infra"
    assert find_root(str(tree)) == str(tree)


def test_a_submodule(repository: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository), "inner")
    found = read_checkout(str(outer / "inner"))
    assert found is not None
    assert found.revision == git(repository, "rev-parse", "HEAD")


def test_no_commit_yet_and_no_checkout(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert read_checkout(str(tmp_path)) is None
    assert read_checkout(str(tmp_path / "nowhere")) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("HEAD", b"ref: refs/heads/../../../secret\n"),
        ("HEAD", b"ref: refs/heads/loop\n"),
        ("HEAD", b"\xff\xfe\x00"),
        ("HEAD", b""),
    ],
)
def test_a_damaged_git_folder_is_no_checkout(repository: Path, name: str, content: bytes) -> None:
    (repository / ".git" / name).write_bytes(content)
    (repository / ".git/refs/heads/loop").write_text("ref: refs/heads/loop\n")
    assert read_checkout(str(repository)) is None


@pytest.mark.parametrize(
    ("remote", "web"),
    [
        ("https://example.org/a/b.git", "https://example.org/a/b"),
        ("https://user:secret@example.org/a/b", "https://example.org/a/b"),
        ("https://to@ken@example.org/a/b", "https://example.org/a/b"),
        ("http://example.org:8080/a/b.git/", "https://example.org:8080/a/b"),
        ("git@example.org:a/b.git", "https://example.org/a/b"),
        ("example.org:a/b.git", "https://example.org/a/b"),
        ("ssh://git@example.org:2222/a/b.git", "https://example.org/a/b"),
        ("git://example.org/a/b", "https://example.org/a/b"),
        ("https://example.org/a/b?token=secret", "https://example.org/a/b"),
        ("/srv/git/b.git", ""),
        ("../b", ""),
        ("file:///srv/git/b.git", ""),
        ("C:/git/b", ""),
        ("", ""),
    ],
)
def test_addresses_become_https_without_credentials(remote: str, web: str) -> None:
    assert web_url(remote) == web
