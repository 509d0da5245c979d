"""What runs in the child process: workbooks taken apart into grids of texts. Nothing of Django is loaded."""
