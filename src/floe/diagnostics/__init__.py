"""What is wrong, where, and what to do about it: positions, diagnostics and their output formats."""
