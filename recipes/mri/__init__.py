"""Recipes for MRI."""
