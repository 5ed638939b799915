"""Which program is this (XEP-0092). An operator may hide the version number; the operating system is never told."""
