"""Pre-checks of payments that are not ordered yet, read and answered: on the command line and over HTTP."""
