"""What is installed beside the code: optional libraries, and the files that operators need."""
