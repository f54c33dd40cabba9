"""The scanners and all that can go wrong in them: arrays in, arrays out. No files, no configuration, no words."""
