"""From decisions to findings. Import :func:`locate` and :func:`assemble` from here."""

from iacguard.triage.assemble import assemble, locate

__all__ = ["assemble", "locate"]
