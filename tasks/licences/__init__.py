"""电子证照系统: the registry in which a sealed certificate or letter becomes an electronic licence (R164, R194)."""
