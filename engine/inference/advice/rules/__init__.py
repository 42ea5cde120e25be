"""The rules, one in each file; `engine.inference.advice.RULES` lists them."""
