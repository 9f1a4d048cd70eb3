"""The console: the pages that a person with a browser sees. They read through ports and change only dead letters."""
