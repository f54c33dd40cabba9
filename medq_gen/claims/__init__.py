"""Text to claims, and claims beside a record: the contradiction check of drafts and the deterministic judge are this one comparison."""

from medq_gen.claims.claim import Claim, Comparing, Judged, Reading, Subject
from medq_gen.claims.comparison import compare
from medq_gen.claims.reader import read

__all__ = ["Claim", "Comparing", "Judged", "Reading", "Subject", "compare", "read"]
