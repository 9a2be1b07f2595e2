"""`alliance-depth serve` on `small_definitions`."""

from pipelines import serve
from pipelines.cli import app

if __name__ == "__main__":
    serve.MODULE = "small_definitions"
    app()
