"""The lines of start-up scripts stand where they are written."""

from __future__ import annotations

import pytest

from iacguard.examples import evaluate
from iacguard.model import Resource, Span, Unknown


def machine(user_data: str) -> Resource:
    text = f'variable "host" {{}}\nresource "aws_instance" "web" {{\n  user_data = {user_data}\n}}\n'
    (graph,), problems = evaluate("terraform", {"main.tf": text})
    assert not problems
    return graph.resources[0]


@pytest.mark.parametrize(("opening", "column"), [("<<-EOT", 5), ("<<EOT", 1)])
def test_each_line_of_a_heredoc_has_its_place(opening: str, column: int) -> None:
    web = machine(f"{opening}\n    #!/bin/bash\n    export A=1\n    EOT")
    lines = web.attributes["user_data_lines"]
    assert isinstance(lines, list)
    assert [str(line).strip() for line in lines] == ["#!/bin/bash", "export A=1", ""]
    assert web.locate(("user_data_lines", 1)).span == Span("main.tf", 5, column, 5, column + len(str(lines[1])))


def test_lines_of_a_script_that_is_encoded_stand_where_it_is_written() -> None:
    web = machine("base64encode(<<-EOT\n    #!/bin/bash\n    export A=1\n    export B=${var.host}\n    EOT\n  )")
    lines = web.attributes["user_data_lines"]
    assert isinstance(lines, list)
    assert lines[1] == "export A=1"
    assert web.locate(("user_data_lines", 1)).span.line == 5


def test_a_line_keeps_what_is_known_of_it() -> None:
    web = machine("<<EOT\nHOST=${var.host}\nexport A=1\nEOT")
    lines = web.attributes["user_data_lines"]
    assert isinstance(lines, list)
    first, second, _ = lines
    assert isinstance(first, Unknown)
    assert first.prefix == "HOST="
    assert second == "export A=1"
    assert web.locate(("user_data_lines", 1)).span.line == 5


def test_lines_of_a_text_in_quotes_stand_where_the_text_does() -> None:
    web = machine('"#!/bin/bash\\nexport A=1\\n"')
    assert web.locate(("user_data_lines", 1)).span == web.locate(("user_data",)).span


def test_a_script_of_one_line_has_none() -> None:
    assert "user_data_lines" not in machine('"reboot"').attributes


def test_what_is_no_line_stands_where_the_machine_does() -> None:
    web = machine("<<EOT\nexport A=1\nEOT")
    for path in (("user_data_lines",), ("user_data_lines", 2), ("user_data_lines", "name")):
        assert web.locate(path).span == web.span
    assert web.locate(("user_data_lines", 0, "name")).span.line == 4
    assert (web.origins[("user_data_lines",)].trail(), web.origins[("user_data_lines",)].text_start()) == ((), None)
