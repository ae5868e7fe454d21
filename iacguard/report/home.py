"""Where a policy's page is found. The one place to change when the project gets a public home."""

from __future__ import annotations

from typing import Final

#: What the documentation's pages are relative to. ``example.org`` is reserved for such use (RFC 2606).
HOME: Final = "https://iacguard.example.org/"


def policy_page(policy_id: str) -> str:
    """The address of a policy's generated page, ``docs/policies/<id>.md`` in the repository."""
    return f"{HOME}docs/policies/{policy_id}.md"
