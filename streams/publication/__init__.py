"""How `fxwatch publish` sends files: asked of the door first, then sent, with a report."""
