"""SHA-256 without OpenSSL, whose libraries take 2 ms to load: as much as a twentieth of a start.

The interpreter brings it, as ``random`` of the standard library takes it; where it does not, ``hashlib`` has it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import sha256
else:
    try:
        sha256 = import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256
    except ImportError:
        from hashlib import sha256

__all__ = ["sha256"]
