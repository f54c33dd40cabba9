"""A plugin of medq_gen: one artefact, its physics and its recipe."""
