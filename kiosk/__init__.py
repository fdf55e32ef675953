"""The appliance: configuration, wiring, command line and touchscreen."""
