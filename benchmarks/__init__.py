"""Times ours against named peers in one run: interleaved, CPU beside wall time, medians, ratios of medians."""
