"""Decides on a message that is sent: from the submission to all that follows from it."""
