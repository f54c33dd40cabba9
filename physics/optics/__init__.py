"""Colour pictures: endoscopy, histopathology, fundus photography."""

from physics.optics import acquire as _scanner  # registers the scanner
from physics.optics.scan import Capture, Stage

__all__ = ["Capture", "Stage"]
del _scanner
