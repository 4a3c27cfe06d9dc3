"""Models for tables, behind one small protocol."""
