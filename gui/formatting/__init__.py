"""How values become words: numbers, durations, sizes, states, plans, profiles."""
