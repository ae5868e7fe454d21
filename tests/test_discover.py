"""What is found, what is passed over and why, and that the way a path is written changes nothing."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from iacguard.discover import Discovery, UsageError, discover

TF = 'resource "aws_s3_bucket" "b" {}\n'
CFN = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n"
K8S = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    files: dict[str, str | bytes] = {
        "main.tf": TF,
        "net/main.tofu": TF,
        "net/more.tf.json": "{}",
        "terraform.tfvars": "a = 1\n",
        "stack.yaml": CFN,
        "stack.template": CFN,
        "k8s/pod.yml": K8S,
        "k8s/pod.json": '{"apiVersion": "v1", "kind": "Pod"}',
        "ci.yaml": "on: push\n",
        "tsconfig.json": "{}",
        "README.md": "x",
        "app.py": "x",
        ".terraform/modules/m/main.tf": TF,
        "node_modules/p/k.yaml": K8S,
        "venv/pyvenv.cfg": "",
        "venv/share/k.yaml": K8S,
    }
    write(root, files)
    return root


def paths(found: Discovery) -> dict[str, list[str]]:
    return {name: [f.path for f in files] for name, files in found.files.items()}


def said(found: Discovery) -> dict[str, str]:
    return {p.span.file: p.message for p in found.problems}


def passed(found: Discovery) -> dict[str, str]:
    return {p.file: p.reason for p in found.passed_over}


def test_terraform_by_name_and_documents_by_content(project: Path) -> None:
    found = discover((str(project),))
    assert paths(found) == {
        "terraform": ["main.tf", "net/main.tofu", "net/more.tf.json", "terraform.tfvars"],
        "cloudformation": ["stack.template", "stack.yaml"],
        "kubernetes": ["k8s/pod.json", "k8s/pod.yml"],
    }
    assert passed(found) == {
        ".terraform/": "Terraform's own copies of providers and modules",
        "ci.yaml": "not infrastructure code",
        "node_modules/": "installed packages",
        "tsconfig.json": "not infrastructure code",
        "venv/": "a Python environment",
    }
    assert found.other_files == 2
    assert found.problems == ()
    assert found.reported is None


def test_how_a_path_is_written_changes_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    link = project.parent / "link"
    link.symlink_to(project)
    whole = discover((str(project),))
    for written in ((".",), ("./net/..",), (".", "net", "k8s"), ("net", "."), (str(link),), ("../project/",)):
        again = discover(written)
        assert again.base == whole.base
        assert paths(again) == paths(whole)
        assert again.passed_over == whole.passed_over
        assert again.other_files == whole.other_files


def test_the_base_is_the_checkout_else_what_the_paths_have_in_common(project: Path) -> None:
    assert discover((str(project / "net"),)).base == str(project / "net")
    assert discover((str(project / "net"), str(project / "k8s"))).base == str(project)
    assert discover((str(project / "net" / "main.tofu"),)).base == str(project / "net")
    (project / ".git").mkdir()
    inner = discover((str(project / "net"),))
    assert inner.base == str(project)
    assert paths(inner) == {"terraform": ["net/main.tofu", "net/more.tf.json"]}


def test_a_named_terraform_file_brings_its_module_along(project: Path) -> None:
    found = discover((str(project / "net" / "main.tofu"),))
    assert paths(found) == {"terraform": ["main.tofu", "more.tf.json"]}
    assert found.reported == frozenset({"main.tofu"})


def test_a_named_manifest_brings_its_neighbours_along_and_a_template_does_not(project: Path) -> None:
    write(project, {"k8s/stack.yaml": CFN, "k8s/main.tf": TF})
    manifest = discover((str(project / "k8s" / "pod.yml"),))
    assert paths(manifest)["kubernetes"] == ["pod.json", "pod.yml"]
    assert "terraform" not in paths(manifest)
    assert manifest.reported == frozenset({"pod.yml"})
    assert paths(discover((str(project / "stack.yaml"),))) == {"cloudformation": ["stack.yaml"]}


def test_a_named_file_beside_a_named_folder(project: Path) -> None:
    found = discover((str(project / "net"), str(project / "main.tf")))
    assert paths(found)["terraform"] == ["main.tf", "net/main.tofu", "net/more.tf.json", "terraform.tfvars"]
    assert found.reported == frozenset({"main.tf", "net/main.tofu", "net/more.tf.json"})


def test_a_named_file_is_scanned_though_it_is_ignored_or_oddly_called(project: Path) -> None:
    write(project, {".gitignore": "*.tf\n", "pod.txt": K8S})
    assert paths(discover((str(project / "main.tf"),)))["terraform"] == ["main.tf", "terraform.tfvars"]
    assert paths(discover((str(project), str(project / "main.tf"))))["terraform"][0] == "main.tf"
    assert "pod.txt" in paths(discover((str(project / "pod.txt"),)))["kubernetes"]


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("mian.tf", "does not exist", "did you mean"),
        ("nowhere/main.tf", "does not exist", "there is no folder"),
        ("xyz", "does not exist", "check the spelling"),
        ("pipe.tf", "neither a file nor a folder", "link"),
        ("circle", "neither a file nor a folder", "circle"),
        ("a\0b", "is not a path", "file or a folder"),
        ("", "is not a path", "file or a folder"),
    ],
)
def test_a_path_that_cannot_be_scanned_is_a_usage_error(project: Path, path: str, message: str, hint: str) -> None:
    os.mkfifo(project / "pipe.tf")
    (project / "circle").symlink_to("circle")
    with pytest.raises(UsageError, match=message) as raised:
        discover((str(project / path) if path else "",))
    assert hint in raised.value.hint


def test_no_path_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="nothing to scan"):
        discover(())


def test_var_files_are_read_from_anywhere(project: Path, tmp_path: Path) -> None:
    (tmp_path / "prod.tfvars").write_text("a = 2\n")
    found = discover((str(project),), (str(project / "terraform.tfvars"), str(tmp_path / "prod.tfvars")))
    assert [f.path for f in found.var_files] == ["terraform.tfvars", str(tmp_path / "prod.tfvars")]
    with pytest.raises(UsageError, match="could not be read"):
        discover((str(project),), (str(tmp_path / "missing.tfvars"),))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.tf", b"a = \xff\n", "byte 0xff is not valid UTF-8"),
        ("bad.tf", TF.encode("utf-16"), "the file is UTF-16, not UTF-8"),
        ("bad.tf", b"\x7fELF\x00\x01\x02", "the file holds binary data"),
        ("bad.yaml", K8S.encode("utf-16"), "the file is UTF-16, not UTF-8"),
        ("bad.yaml", K8S.encode("utf-16-be"), "the file is UTF-16 without a byte-order mark"),
        ("bad.yaml", CFN.encode() + b"# caf\xe9\n", "byte 0xe9 is not valid UTF-8"),
        ("bad.yaml", b"\x7fELF\x00\x01\x02", "the file holds binary data"),
        ("bad.tf", b"#" * 10_000_001, "the file has 10 MB; the limit is 10 MB"),
        ("bad.yaml", K8S.encode() + b"#" * 10_000_000, "the file has 10 MB; the limit is 10 MB"),
    ],
)
def test_code_that_cannot_be_read_is_a_problem(project: Path, name: str, content: bytes, message: str) -> None:
    write(project, {name: content})
    found = discover((str(project),))
    assert said(found) == {name: message}
    assert all(p.hint and not p.notice for p in found.problems)
    assert paths(found)["terraform"][0] == "main.tf"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("other.yaml", b"name: caf\xe9\n", "not infrastructure code"),
        ("other.json", "{}".encode("utf-16"), "not infrastructure code"),
        ("other.json", b"[" + b"1," * 5_500_000 + b"1]", "as far as its first 64 KB tell"),
        ("empty.tf", b"", "empty"),
        ("empty.yaml", b"\xef\xbb\xbf \n", "empty"),
    ],
)
def test_what_is_no_code_is_passed_over(project: Path, name: str, content: bytes, reason: str) -> None:
    write(project, {name: content})
    found = discover((str(project),))
    assert found.problems == ()
    assert reason in passed(found)[name]


@pytest.mark.parametrize("name", ["pod.yaml.j2", "pod.yml.tmpl", "stack.json.ERB", "pod.yaml.gotmpl"])
def test_a_template_of_a_manifest_is_told_of(tmp_path: Path, name: str) -> None:
    write(
        tmp_path,
        {name: "apiVersion: v1\nkind: Pod\n{% if x %}\nspec: {hostPID: true}\n{% endif %}\n", "a.txt.j2": "{{ x }}"},
    )
    found = discover((str(tmp_path),))
    assert [(p.kind, p.notice, p.span.file) for p in found.problems] == [("not-evaluated", True, name)]
    assert paths(found) == {}
    assert passed(found)[name] == "template of another file"


def test_a_template_of_something_else_is_passed_over(tmp_path: Path) -> None:
    write(
        tmp_path, {"policy.json.tpl": '{"Version": "2012-10-17", "Statement": []}', "templates/_helpers.tpl": "{{ x }}"}
    )
    found = discover((str(tmp_path),))
    assert (found.problems, passed(found)) == ((), {"policy.json.tpl": "not infrastructure code"})


def test_marks_and_line_ends_are_no_trouble(project: Path) -> None:
    write(project, {"bom.tf": b"\xef\xbb\xbf" + TF.encode(), "crlf.yaml": K8S.replace("\n", "\r\n")})
    found = discover((str(project),))
    assert found.problems == ()
    assert "bom.tf" in paths(found)["terraform"]
    assert "crlf.yaml" in paths(found)["kubernetes"]


def test_links(project: Path, tmp_path: Path) -> None:
    write(tmp_path, {"outside/main.tf": TF})
    links = {
        "out.tf": "../outside/main.tf",
        "out": "../outside",
        "loop": ".",
        "circle": "circle",
        "gone.tf": "nowhere",
        "gone.md": "nowhere",
        "same.yaml": "stack.yaml",
        "copy.tf": "net/main.tofu",
        "mods": "net",
        "config.tf": ".git/config",
    }
    write(project, {".git/config": "x"})
    for name, target in links.items():
        (project / name).symlink_to(target)
    found = discover((str(project),))
    assert said(found) == {
        "out.tf": "the link leads out of the scanned root and was not followed",
        "out": "the link leads out of the scanned root and was not followed",
        "loop": "the link leads back to a folder above it and was not followed",
        "circle": "the link leads in a circle",
        "gone.tf": "the link leads to nothing that can be read: No such file or directory",
        "config.tf": "the link leads out of the scanned root and was not followed",
    }
    assert paths(found)["terraform"] == ["copy.tf", "main.tf", "net/main.tofu", "net/more.tf.json", "terraform.tfvars"]
    assert passed(found)["same.yaml"] == "a link to stack.yaml, which is read there"
    assert passed(found)["mods"] == "a link to net, which is read there"
    copy = found.files["terraform"][0]
    assert copy.key == str(project / "net" / "main.tofu")


def test_a_link_to_a_folder_that_is_not_scanned_otherwise_is_followed_once(project: Path) -> None:
    (project / ".git").mkdir()
    write(project, {"env/main.tf": TF, "shared/vars.tf": TF})
    (project / "env" / "one").symlink_to("../shared")
    (project / "env" / "two").symlink_to("../shared")
    (project / "shared" / "back").symlink_to("../env")
    found = discover((str(project / "env"),))
    assert paths(found)["terraform"] == ["env/main.tf", "env/one/vars.tf"]
    assert {f.key for f in found.files["terraform"]} == {
        str(project / "env" / "main.tf"),
        str(project / "shared" / "vars.tf"),
    }


def test_an_ignored_link_is_no_problem(project: Path, tmp_path: Path) -> None:
    write(project, {".iacguardignore": "out\nloop/\n*.gone.tf\n"})
    (project / "out").symlink_to(tmp_path)
    (project / "loop").symlink_to(".")
    (project / "a.gone.tf").symlink_to("nowhere")
    assert discover((str(project),)).problems == ()


def test_what_is_no_plain_file_is_never_opened(project: Path) -> None:
    os.mkfifo(project / "pipe.tf")
    os.mkfifo(project / "pipe.yaml")
    os.mkfifo(project / "pipe.md")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(project / "s.json"))
    found = discover((str(project),))
    expected = "it is not a plain file (a pipe, a socket or a device)"
    assert said(found) == dict.fromkeys(("pipe.tf", "pipe.yaml", "s.json"), expected)


def test_names_that_are_not_utf8_or_hold_controls(project: Path) -> None:
    os.rename(os.fsencode(project / "main.tf"), os.fsencode(project) + b"/\xff\x1b[31m\n.tf")
    found = discover((str(project),))
    assert "\udcff\x1b[31m\n.tf" in paths(found)["terraform"]
    assert found.problems == ()


def test_very_deep_folders(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(60):  # deeper than one path can name
            os.mkdir("d" * 100, dir_fd=here)
            inner = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
    finally:
        os.close(here)
    write(tmp_path, {"main.tf": TF})
    found = discover((str(tmp_path),))
    assert paths(found) == {"terraform": ["main.tf"]}
    assert [p.message for p in found.problems] == ["the folder could not be read: File name too long"]
