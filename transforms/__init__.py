"""Pure shaping: frames in, frames or request bodies out. No file, no socket, no clock."""
