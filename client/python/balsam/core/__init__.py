"""Balsam 0.3's place of the models."""
