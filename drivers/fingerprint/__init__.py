"""Fingerprint readers: serial modules that speak the EF01 packet protocol."""
