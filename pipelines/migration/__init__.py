"""A whole legacy programme in one go: an ordered plan, a checkpoint a step, and the proof."""
