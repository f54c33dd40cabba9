"""Words as data: attributes, structures, artefacts, levels, places; no engine, no torch."""
