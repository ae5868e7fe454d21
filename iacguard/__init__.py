"""iacguard: decides whether AI-drafted infrastructure code may ship."""

__version__ = "0.1.0"
