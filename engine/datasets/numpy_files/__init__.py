"""Arrays in files: `.npz`, `.npy` and IDX; headers are read first, objects never."""
