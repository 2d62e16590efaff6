"""What operators watch: health, readiness, metrics and their pages."""
