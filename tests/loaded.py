"""What a server has loaded when it begins to serve, and its worker when it begins to work."""

from engage.late import library, without

with without("rich"):
    library("structlog")
for name in ("engage.app", "engage.commands.serve", "engage.commands.work", "engage.worker"):
    library(name)
