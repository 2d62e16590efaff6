"""The record of who re-identified whom, and the anchors that show when it was changed."""
