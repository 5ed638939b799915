"""What time is it at the server (XEP-0202), in the format of XEP-0082."""
