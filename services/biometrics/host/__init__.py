"""Fingerprint matching on the host: from an image to minutiae, from minutiae to a calibrated verdict."""
