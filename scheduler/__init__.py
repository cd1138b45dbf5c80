"""When it goes out, and that it goes out once."""
