"""Reports of runs: what is told, in blocks, and how it becomes HTML, Markdown or PDF."""
