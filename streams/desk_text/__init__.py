"""What the desk's commands say, in English and Korean: a table of words for each text, and the texts."""
