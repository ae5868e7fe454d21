"""Where iacguard may keep what it made of its own policies: the user's cache folder, as the platform has it."""

from __future__ import annotations

import os
import sys


def cache_dir() -> str | None:
    """``$IACGUARD_CACHE_DIR``, else the platform's folder for caches; None where there is none or it is set to ""."""
    own = os.environ.get("IACGUARD_CACHE_DIR")
    if own is not None:
        return own or None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "iacguard") if os.path.isabs(base) else None
