"""Published exports as people look at them: compared, explained, opened, charted."""
