"""USB fingerprint readers that libfprint knows, spoken to by a process of their own."""
