"""From decisions to findings. What others need of it is imported from here."""

from iacguard.triage.assemble import assemble, complete, locate
from iacguard.triage.suppress import Suppressions

__all__ = ["Suppressions", "assemble", "complete", "locate"]
