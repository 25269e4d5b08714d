#!/usr/bin/env bash
# Make the Python environment: environment.sh VENV STAMP [PYTHON]. `make env` calls it when STAMP is not there.
set -euo pipefail

venv=$1 stamp=$2 wanted=$3
fits='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

find_python() {
  local candidate
  for candidate in ${wanted:-python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c "$fits" 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "make env: found no Python 3.11, 3.12 or 3.13 with its venv module${wanted:+ under the name $wanted}." >&2
  echo "Install one (on Debian also python3-venv), or say which to take: make env PYTHON=/path/to/python3.12" >&2
  exit 1
}

# One at a time. Children inherit the lock, so it also waits for what a killed run has left at work.
mkdir -p .everfit
exec 9>.everfit/environment.lock
if command -v flock >/dev/null 2>&1 && ! flock --nonblock 9; then
  echo "Another make env is at work; waiting for it ..."
  flock 9
fi
if [ -e "$stamp" ]; then exit 0; fi

# A stamp of other requirements means that the environment was whole: bring it up to date. None means that it was never
# finished: begin anew.
if ! compgen -G "$venv/.ready-*" >/dev/null || ! "$venv/bin/python" -c "$fits" 2>/dev/null; then
  python=$(find_python)
  echo "Making the environment in $venv with $("$python" -V); the first time it downloads about 1 GB."
  rm -rf "$venv"
  "$python" -m venv "$venv"
fi
pin=$(sed -n 's/^uv==\([^ ;]*\).*/\1/p' requirements-dev.txt)
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$pin"
# Compiling now spares every process of Airflow the same work later, also where PYTHONDONTWRITEBYTECODE is set.
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --compile-bytecode -r requirements.txt -r requirements-dev.txt
rm -f "$venv"/.ready-*
touch "$stamp"
