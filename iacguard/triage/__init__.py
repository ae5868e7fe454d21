"""From decisions to findings. Import :func:`assemble` from here."""

from iacguard.triage.assemble import assemble

__all__ = ["assemble"]
