"""Fingerprint readers, one package an adapter."""
