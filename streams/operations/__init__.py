"""What operators watch: health, readiness, metrics, and the web pages that show them."""
