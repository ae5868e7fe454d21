"""What a scan is asked for: plain data, filled by the command line or by a program."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Literal

from iacguard.findings import Severity
from iacguard.record import field, record


@record
class ScanRequest:
    """What the user asked for. ``select`` and ``ignore`` are policy ids, aliases or shell patterns over ids.

    ``severities``: only policies of these; empty means all. ``variables`` and ``var_files`` as on Terraform's
    command line. ``policy_dirs`` are searched beside the built-in policies. ``processes``: how many to use at
    once; 0 leaves it to the size of the code and the machine. ``cache_dir`` is where what was made of the built-in
    policies may be kept, and where modules are downloaded to.

    ``ranks``: how many of ``var_files`` come before a variable on the command line. ``environment`` are variables
    from ``TF_VAR_``. ``plan_root`` is the folder of the code that plans were made from; ``plan_scope`` whether all
    resources of a plan are judged, or only those that it changes. ``modules_dir`` is a folder of vendored modules.

    ``parameters`` and ``file_parameters`` are CloudFormation's; the former go first, and each has to be one of a
    template that is scanned. ``inline_ignores``: whether suppressions in the code count.

    ``reasons``: whether undecided findings say what was not known; to find out takes as long as to decide them.

    ``tools`` are other tools to run, each with its program ("" for one in this Python).
    """

    paths: tuple[str, ...]
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    policy_dirs: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    var_files: tuple[str, ...] = ()
    processes: int = 0
    cache_dir: str | PathLike[str] | None = None
    ranks: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    plan_root: str = ""
    plan_scope: Literal["all", "changed"] = "all"
    modules_dir: str = ""
    download_modules: bool = False
    scan_modules: bool = False
    unknown_defaults: bool = False
    parameters: dict[str, str] = field(default_factory=dict)
    file_parameters: dict[str, str] = field(default_factory=dict)
    helm: str = ""
    helm_values: tuple[str, ...] = ()
    inline_ignores: bool = True
    reasons: bool = True
    tools: Mapping[str, str] = field(default_factory=dict)
