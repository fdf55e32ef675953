"""The touchscreen: pages for residents and clerks, served to the one browser of this machine."""
