"""Tables of calls scored by column, from file to file: Arrow record batches in, Arrow record batches out."""
