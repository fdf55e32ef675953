"""A hand for libfprint's own virtual reader, which every libfprint with `virtual_image` in it offers.

::

    hand = Hand(socket)  # the path that the reader's process finds in FP_VIRTUAL_IMAGE
    hand.touch(box.finger("样例甲").picture)
    ...
    hand.lift()
"""

from simulators.libfprint.hand import Hand, Retry

__all__ = ["Hand", "Retry"]
