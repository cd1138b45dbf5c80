"""What is said, and who cleared it. Knows no web framework and no timetable."""
