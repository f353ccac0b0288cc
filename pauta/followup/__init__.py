"""What follows an evaluation: duties with deadlines, sessions, plans and findings, and who has to see to them."""
