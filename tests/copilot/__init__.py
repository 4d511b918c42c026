"""Questions with known answers: incidents in real state, what people ask in their threads, and what must come back."""
