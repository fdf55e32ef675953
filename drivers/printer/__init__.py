"""Receipt printers that speak ESC/POS over a serial line, USB or the network."""
