"""Recordings in files: by folder, by table, or with the sentence that is said in each."""
