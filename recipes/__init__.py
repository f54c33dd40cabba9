"""One file, one declared degradation: recipes/<modality>/<name>.py."""
