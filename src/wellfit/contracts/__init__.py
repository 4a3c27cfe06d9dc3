"""What plugins promise, as functions that anybody can hold one to."""
