"""What the platform answers, asked for with patience, kept on the disk, and proven to be all."""
