"""Serial modules that speak the EF01 packet protocol: ZFM-20, AS608, R305, R307, R503, Synochip and their kin."""
