"""Recipes for fundus."""
