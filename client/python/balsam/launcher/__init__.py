"""Balsam 0.3's place of dag and futures."""
