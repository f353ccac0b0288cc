"""What people read: problems, explanations, reports."""
