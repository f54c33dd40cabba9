"""Recipes of MRI."""
