"""The outside world: the only room that opens a file of a user or a socket to a platform."""
