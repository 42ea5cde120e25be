"""How everything looks: colours, sizes, icons, pictures."""
