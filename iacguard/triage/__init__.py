"""From decisions to findings. What others need of it is imported from here."""

from iacguard.triage.assemble import Quote, assemble, locate, quoted
from iacguard.triage.suppress import Suppressions

__all__ = ["Quote", "Suppressions", "assemble", "locate", "quoted"]
