"""The demonstration: the real appliance and the real county receiver, with simulated hardware and a broker beside them.

Each part is a process of its own, as in a village; nothing here imports the simulators.
"""
