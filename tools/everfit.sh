#!/bin/sh
# The command line `everfit`, in the environment of this project; `make env` puts it into .venv/bin.
project=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH="$project/include:$project/plugins:$project${PYTHONPATH:+:$PYTHONPATH}"
# Where `make up` keeps its store and services, unless the caller says otherwise.
if [ -f "$project/.everfit/up/everfit.env" ]; then . "$project/.everfit/up/everfit.env"; fi
exec "$project/.venv/bin/python" -m everfit "$@"
