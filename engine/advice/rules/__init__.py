"""The rules, one in each file; `engine.advice.RULES` lists them."""
