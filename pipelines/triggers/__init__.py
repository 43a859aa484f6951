"""What starts a feed by itself: hours, an inbox, the night; and what has not come in time."""
