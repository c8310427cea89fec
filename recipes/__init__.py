"""What a checkout can run: recipes that train and measure. `python -m recipes.digits --help` is the first."""
