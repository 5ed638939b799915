"""Copies of messages for one's other devices (XEP-0280): what one device sends or is sent, the others see too.

A message to the account itself reaches every device anyway; copies are made of what is sent, and of what arrives for
one device alone. A copy is kept for a device that is away as the message itself would be.
"""
