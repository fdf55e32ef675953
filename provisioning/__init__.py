"""What turns a machine into a service point: units, users, device names, an example configuration, the voice."""
