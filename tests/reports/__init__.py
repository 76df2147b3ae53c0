"""Reports made by hand, which every format renders: what each must be able to tell."""
