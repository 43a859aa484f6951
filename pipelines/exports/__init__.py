"""From the API to Parquet: read, kept, proven, typed, and published in one step."""
