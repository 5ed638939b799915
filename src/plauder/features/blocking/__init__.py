"""Blocking: whom an account does not want to hear from (XEP-0191).

The list is kept per account and pushed to every device that asked for it. To whom is blocked the account looks
offline: messages and requests are refused as if nobody were there, presence is not passed on, published items are not
served. Nothing leaves towards a blocked address either, so that nobody answers by mistake.
"""
