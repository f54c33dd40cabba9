"""Recipes for endoscopy."""
