"""What a scene becomes in a file: marks that are decided once, and back ends that spell them out."""
