"""Business phone numbers: adding, proving ownership by a code, registration with a PIN, settings, health.

Life: added (PENDING, not verified) → code asked and entered (VERIFIED) → registered (CONNECTED) → deregistered.
Only a registered number is a hosted device that people can write to.
"""
