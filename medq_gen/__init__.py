"""Physics-based degradations of medical images with measured ground truth, questions and reference reasoning."""

__version__ = "0.1.0"
