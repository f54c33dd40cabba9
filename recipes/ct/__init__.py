"""Recipes for CT."""
