"""Catalogues: what a business sells, for product messages and for the orders that people make of them.

A catalogue belongs to a portfolio; a WABA is connected to one at a time. Product messages name products by the shop's
own ids (`retailer_id`). They are refused when the connected catalogue has none such; what they carry is what the
person's app shows.
"""
