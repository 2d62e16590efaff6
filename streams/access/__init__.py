"""Who looked at what: the audit log of re-identification, and the anchors that prove it whole."""
