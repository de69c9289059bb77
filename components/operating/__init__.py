"""Operating: logs, metrics, alarms and their receivers, and costs. May import: serving, blocks."""
