"""Modules that are no paths: what their addresses mean, and where their code is looked for."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iacguard.download import Downloader
from iacguard.frontends.terraform.sources import Source, parse_source
from iacguard.frontends.terraform.versions import best
from iacguard.scan import ScanRequest, graphs
from tests.conftest import Ran

REGISTRY = "registry.terraform.io"
TOPIC = 'variable "name" { default = "t" }\nresource "aws_sns_topic" "t" {\n  name = var.name\n}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hashicorp/consul/aws", Source(REGISTRY, "hashicorp/consul/aws", registry=True)),
        ("hashicorp/consul/aws//modules/x", Source(REGISTRY, "hashicorp/consul/aws", "modules/x", registry=True)),
        ("app.terraform.io/org/k8s/azurerm", Source("app.terraform.io", "org/k8s/azurerm", registry=True)),
        (
            "github.com/hashicorp/example",
            Source("github.com", "hashicorp/example", url="https://github.com/hashicorp/example.git"),
        ),
        (
            "github.com/hashicorp/example/sub?ref=v1",
            Source("github.com", "hashicorp/example", "sub", "https://github.com/hashicorp/example.git", "v1"),
        ),
        (
            "git@github.com:hashicorp/example.git//a/b?ref=main",
            Source("github.com", "hashicorp/example", "a/b", "git@github.com:hashicorp/example.git", "main"),
        ),
        (
            "git::https://user@example.com:8443/vpc.git//m?ref=v1.2.0&depth=1",
            Source("example.com", "vpc", "m", "https://user@example.com:8443/vpc.git", "v1.2.0"),
        ),
        (
            "git::ssh://git@example.com/infra/vpc.git",
            Source("example.com", "infra/vpc", url="ssh://git@example.com/infra/vpc.git"),
        ),
        (
            "git::username@example.com:storage.git",
            Source("example.com", "storage", url="username@example.com:storage.git"),
        ),
        ("git::file:///srv/modules", Source("", "srv/modules", url="file:///srv/modules")),
        ("https://example.com/vpc-module.zip", Source("example.com", "vpc-module")),
        ("https://example.com/a/vpc.tar.gz//sub", Source("example.com", "a/vpc", "sub")),
        ("s3::https://s3.amazonaws.com/bucket/vpc.zip", Source("s3.amazonaws.com", "bucket/vpc")),
        ("hg::http://example.com/vpc.hg?ref=v1", Source("example.com", "vpc.hg", ref="v1")),
        ("a/b", None),
        ("no spaces/are/allowed", None),
        ("", None),
    ],
)
def test_addresses_mean_what_terraform_documents(text: str, expected: Source | None) -> None:
    assert parse_source(text) == expected


@given(st.text(st.sampled_from("ab/:.@?=&%~-_ \\\n"), max_size=40))
def test_no_address_is_a_crash(text: str) -> None:
    found = parse_source(text)
    assert found is None or isinstance(found.path, str)


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ("", "v2.1.0"),
        ("1.2.0", "1.2.0"),
        ("= 1.2", "1.2.0"),
        ("~> 1.2", "1.10.3"),
        ("~> 1.2.0", "1.2.9"),
        ("~> 2", "v2.1.0"),
        (">= 1.2, < 1.10", "1.2.9"),
        ("> 1.2.9,<= 1.10.3", "1.10.3"),
        ("!= 2.1.0", "1.10.3"),
        ("3.0.0-rc1", "3.0.0-rc1"),
        (">= 3.0.0-rc1", None),
        ("~> 4.0", None),
        ("latest", None),
    ],
)
def test_newest_version_that_fits(constraint: str, expected: str | None) -> None:
    assert best(["1.2.0", "1.2.9", "1.10.3", "v2.1.0", "3.0.0-rc1", "main", ""], constraint) == expected


# ---- vendored


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def call(source: str, version: str = "", more: str = "") -> str:
    constraint = f'  version = "{version}"\n' if version else ""
    return f'module "m" {{\n  source = "{source}"\n{constraint}{more}}}\n'


def seen(root: Path, **request: Any) -> tuple[dict[str, str], list[str]]:
    """The addresses of all resources with their files, and what was said."""
    found, problems = graphs(ScanRequest((str(root),), **request))
    places = {r.address: r.span.file for _, graph in found for r in graph.resources if r.type != "module"}
    assert all(p.notice for p in problems)
    return places, [p.message for p in problems]


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize(
    ("source", "version", "folder"),
    [
        ("org/topic/aws", "", "org/topic/aws"),
        ("org/topic/aws", "~> 1.0", "org/topic/aws/1.4.0"),
        ("org/topic/aws", "~> 1.0", "registry.terraform.io/org/topic/aws/1.4.0"),
        ("org/topic/aws//sub", "", "org/topic/aws/2.0.0/sub"),
        ("app.terraform.io/org/topic/aws", "", "app.terraform.io/org/topic/aws"),
        ("github.com/org/topic", "", "github.com/org/topic"),
        ("git::https://example.com/org/topic.git//sub?ref=v1", "", "example.com/org/topic@v1/sub"),
        ("git::ssh://git@example.com/org/topic.git?ref=v1", "", "example.com/org/topic"),
        ("https://example.com/topic.zip//sub", "", "example.com/topic/sub"),
    ],
)
def test_vendored_modules_are_found(tmp_path: Path, source: str, version: str, folder: str, inside: bool) -> None:
    root = write(tmp_path / "infra", {"main.tf": call(source, version), "other/pod.yaml": ""})
    modules = (root if inside else tmp_path / "far") / "vendor"
    write(modules, {f"{folder}/main.tf": TOPIC})
    if folder != "org/topic/aws":  # an older version is never taken
        write(modules, {"org/topic/aws/0.9.0/main.tf": "", "org/topic/aws/0.9.0/sub/x.tf": ""})
    places, said = seen(root, modules_dir=str(modules))
    seen_as = "vendor" if inside else ".iacguard/modules"
    assert places == {"module.m.aws_sns_topic.t": f"{seen_as}/{folder}/main.tf"}
    assert not said


def test_vendored_module_that_is_not_there_is_said(tmp_path: Path) -> None:
    root = write(tmp_path / "infra", {"main.tf": call("org/topic/aws", "~> 2.0")})
    modules = write(tmp_path / "vendor", {"org/topic/aws/1.0.0/main.tf": TOPIC})
    places, said = seen(root, modules_dir=str(modules))
    assert not places
    assert said == ['module "m" is not evaluated: it comes from org/topic/aws and is not in .iacguard/modules']


def test_vendored_modules_call_each_other_by_path_and_name(tmp_path: Path) -> None:
    root = write(tmp_path / "infra", {"main.tf": call("org/a/aws")})
    modules = write(
        tmp_path / "vendor",
        {
            "org/a/aws/main.tf": call("./inner"),
            "org/a/aws/inner/main.tf": call("org/b/aws"),
            "org/b/aws/main.tf": TOPIC,
        },
    )
    assert list(seen(root, modules_dir=str(modules))[0]) == ["module.m.module.m.module.m.aws_sns_topic.t"]


def test_installed_modules_go_before_vendored_ones(tmp_path: Path) -> None:
    manifest = '{"Modules": [{"Key": "m", "Source": "org/a/aws", "Dir": ".terraform/modules/m"}]}'
    root = write(
        tmp_path / "infra",
        {
            "main.tf": call("org/a/aws"),
            ".terraform/modules/modules.json": manifest,
            ".terraform/modules/m/main.tf": TOPIC,
        },
    )
    modules = write(tmp_path / "vendor", {"org/a/aws/main.tf": TOPIC})
    assert list(seen(root, modules_dir=str(modules))[0].values()) == [".terraform/modules/m/main.tf"]


@pytest.mark.parametrize(
    "source", ["github.com/../../../etc", "https://h/../../secret.zip", "git::https://h/a//../../.."]
)
def test_an_address_never_leads_out_of_the_folder(tmp_path: Path, source: str) -> None:
    write(tmp_path, {"etc/main.tf": TOPIC, "secret/main.tf": TOPIC, "main.tf": TOPIC})
    root = write(tmp_path / "infra", {"main.tf": call(source)})
    write(tmp_path / "vendor", {"h/a/x.tf": ""})
    places, said = seen(root, modules_dir=str(tmp_path / "vendor"))
    assert not places
    assert said


def test_a_folder_of_modules_that_is_none_is_refused(iacguard: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": TOPIC})
    for option, what in (("--modules-dir", "the folder of modules"), ("--plan-root", "the plan's code")):
        done = iacguard("scan", ".", option, "nowhere", cwd=tmp_path)
        assert (done.status, done.said.splitlines()[0]) == (2, f"iacguard: nowhere, {what}, is not a folder")


# ---- downloaded


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, check=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose tag, branch, first commit and main branch differ."""
    root = tmp_path / "modules.git"
    root.mkdir()
    git(root, "init", "--quiet")
    for name in ("first", "tagged", "latest"):
        write(root, {"topic/main.tf": TOPIC.replace('"t" }', f'"{name}" }}'), "hook": "x"})
        git(root, "add", ".")
        git(root, "commit", "--quiet", "--allow-empty", "-m", name)
        if name == "tagged":
            git(root, "tag", "v1.0.0")
    return root


def names(root: Path, **request: Any) -> list[Any]:
    found, _ = graphs(ScanRequest((str(root),), **request))
    return [r.attributes["name"] for _, graph in found for r in graph.resources if r.type != "module"]


@pytest.mark.parametrize(
    ("ref", "expected"), [("", "latest"), ("v1.0.0", "tagged"), ("main", "latest"), ("SHA", "first")]
)
def test_git_modules_are_downloaded_at_their_ref(tmp_path: Path, repository: Path, ref: str, expected: str) -> None:
    ref = git(repository, "rev-list", "--max-parents=0", "HEAD") if ref == "SHA" else ref
    source = f"git::file://{repository}//topic" + (f"?ref={ref}" if ref else "")
    root = write(tmp_path / "infra", {"main.tf": call(source)})
    assert names(root, cache_dir=tmp_path / "cache") == []
    assert not (tmp_path / "cache").exists()
    assert names(root, cache_dir=tmp_path / "cache", download_modules=True) == [expected]
    (kept,) = (tmp_path / "cache" / "modules").iterdir()
    assert sorted(p.name for p in kept.iterdir()) == ["hook", "topic"]
    # A second run takes what is there.
    repository.rename(tmp_path / "moved.git")
    assert names(root, cache_dir=tmp_path / "cache", download_modules=True) == [expected]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("git::file:///no/such/repository.git", "could not be downloaded: git: "),
        ("git::file://REPO?ref=v9", "could not be downloaded: git: "),
        ("git::file://REPO?ref=--upload-pack=x", "the address is not one that git takes"),
        ("git::ext::sh -c x%", "it comes from"),
        ("git::file://REPO//missing", "it has no such folder"),
        ("org/topic/aws", "only git repositories are downloaded"),
        ("https://example.com/topic.zip", "only git repositories are downloaded"),
    ],
)
def test_what_cannot_be_downloaded_is_said(tmp_path: Path, repository: Path, source: str, message: str) -> None:
    root = write(tmp_path / "infra", {"main.tf": call(source.replace("REPO", str(repository)))})
    places, (said,) = seen(root, cache_dir=tmp_path / "cache", download_modules=True)
    assert not places
    assert message in said
    assert not list((tmp_path / "cache").glob("*/.draft-*"))


def test_hooks_filters_and_links_of_a_repository_do_nothing(tmp_path: Path, repository: Path) -> None:
    (repository / "link").symlink_to("/etc")
    (repository / ".gitattributes").write_text("* filter=lfs\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "odd")
    fetched = Downloader(tmp_path / "cache", "seen").fetch(f"file://{repository}", "")
    assert fetched.folder.startswith("seen/modules-")
    (kept,) = (tmp_path / "cache").iterdir()
    assert (kept / "link").read_text() == "/etc"
    assert not (kept / "link").is_symlink()


def test_passwords_in_addresses_are_not_said(tmp_path: Path) -> None:
    fetched = Downloader(tmp_path, "seen").fetch("http://user:hunter2@127.0.0.1:1/x.git", "")
    assert fetched.error.startswith("git: ")
    assert "hunter2" not in fetched.error


def test_no_program_is_run_unless_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr(subprocess, "Popen", refuse)
    root = write(tmp_path / "infra", {"main.tf": call("git::https://example.com/x.git")})
    assert seen(root, cache_dir=tmp_path) == (
        {},
        ['module "m" is not evaluated: it comes from git::https://example.com/x.git'],
    )


def test_without_a_cache_folder_nothing_is_downloaded(iacguard: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, {"main.tf": call("git::https://example.com/x.git")})
    done = iacguard("scan", ".", "--download-modules", cwd=tmp_path, environment={"IACGUARD_CACHE_DIR": ""})
    assert (done.status, done.said.splitlines()[0]) == (2, "iacguard: there is no folder to download modules to")
