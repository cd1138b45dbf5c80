"""What is measured, how, and against what. `make bench`, or one part alone."""
