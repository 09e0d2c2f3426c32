"""Papers: what is printed, signed and kept. One Typst template and one dataclass of values for each."""
