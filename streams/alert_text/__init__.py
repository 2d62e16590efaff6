"""The words of the desk, in English and Korean: a table of words for each text, and the texts made of them."""
