"""Encrypted backups of people's history: one sealed archive for each account, and the vault for its password.

The archive is sealed on the device and cannot be read here. Its key is wrapped by a code of 64 digits that only the
person has, or by a password through OPAQUE (RFC 9807): the password never comes here, and what is stored here opens
nothing without it. What a thief of the whole server could still do is guess passwords, slowed by the client's key
stretching. So tries are counted before they are answered, and after ten in a row vault and archive are destroyed.
"""
