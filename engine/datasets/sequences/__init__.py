"""What goes on in time: series in tables, and demonstrations of observation and action."""
