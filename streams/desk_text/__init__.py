"""The words of the investigators' commands, in English and Korean."""
