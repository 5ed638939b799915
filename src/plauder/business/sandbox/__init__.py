"""The sandbox of a business: a test number, a simulated customer, failures that can be switched on.

Both numbers begin with +999, which no country has, so they can never be somebody's. Nothing fails by itself.
"""
