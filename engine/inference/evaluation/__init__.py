"""What a trained model is worth on examples it has not seen."""
