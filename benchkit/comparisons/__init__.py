"""Waits in, tidy comparisons out: between months and weeks, with peers, and with what is expected."""
