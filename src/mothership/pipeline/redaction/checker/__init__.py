"""PIISafetyValidator: an independent look after redaction, by shapes that share no expression with the rules."""
