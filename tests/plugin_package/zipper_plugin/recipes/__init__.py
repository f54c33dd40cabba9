"""Recipes by modality, as in medq_gen itself."""
