"""From decisions to findings. Import :func:`locate`, :func:`assemble` and :class:`Suppressions` from here."""

from iacguard.triage.assemble import assemble, locate
from iacguard.triage.suppress import Suppressions

__all__ = ["Suppressions", "assemble", "locate"]
