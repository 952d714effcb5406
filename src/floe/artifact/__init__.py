"""The compiled artifact: the one contract between the compiler and everything that runs."""
