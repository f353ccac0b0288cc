"""The workings of the criterion `phrase`: how words are folded, how phrases are read, found and nearly found."""
