"""The DOSO command line: one thin module per subcommand over the services' pure code or the REST API."""
