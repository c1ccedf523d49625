"""Market: listings of a region in, statistics and mix gaps per segment out."""
