"""Waking devices that are away: app servers of other clients (XEP-0357), browsers (Web Push), Android (FCM).

A message that a device has not taken within a moment rings once per chat until the device is back. What leaves here
says that there is something, never what, nor from whom. Addresses that are dead are forgotten; the owner of a device
can have a test ring, which reports every hop.
"""
