"""Changes, written as edits of a user's own source, where that can be done surely."""
