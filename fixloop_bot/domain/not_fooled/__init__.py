"""Rule of proof 4: answers that look fine and are not. Read ``answers`` first: it asks the other modules."""
