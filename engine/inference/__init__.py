"""What is done with a trained model: loading it, predicting, and measuring it on new examples."""
