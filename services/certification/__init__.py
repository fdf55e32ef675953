"""Certification: consent, capture, match, signed record, slip; and the enrolment that goes before it."""
