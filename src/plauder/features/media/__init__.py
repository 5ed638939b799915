"""Photos, voice notes, files: a slot over XMPP (XEP-0363), the bytes over HTTP.

A client asks for a slot with name, size and type and is given two addresses: one to put the bytes to, once, with a
secret in its header; one that anybody who knows it may get them from. What people send each other is encrypted before
it comes here. Files go after the operator's time, some days after somebody got them where the operator wants that, at
once when the uploader deletes them, and with the account. The server cannot see for how many people a file is, so it
cannot delete it when the last of them has it: the days after the first download are for the others.

An upload that broke off goes on where it stopped: HEAD tells the offset, PATCH continues there (the core protocol of
tus 1.0.0); a plain PUT, as other clients send it, works too. A checksum may come along, and goes out with the file
(RFC 9530).
"""
