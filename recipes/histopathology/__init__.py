"""Recipes for histopathology."""
