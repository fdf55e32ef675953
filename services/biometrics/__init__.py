"""Whether two fingers are one: a narrow contract, met by the reader's own module or by a matcher on the host."""
