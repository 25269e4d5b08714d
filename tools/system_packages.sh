#!/usr/bin/env bash
# What the tests need beside Python: a Chromium (the browser test), PostgreSQL's and Redis' servers (the production shape),
# Prometheus (alerts and dashboard of the model server), Java (Spark).
# Quiet and quick when all is there; installs with apt-get where it may; else says what to install.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }
has_postgres() { has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
has_chromium() { has chromium || has chromium-browser || has google-chrome; }

missing=()
has_chromium || missing+=(chromium)
has_postgres || missing+=(postgresql)
has redis-server || missing+=(redis-server)
has promtool || missing+=(prometheus)
has java || missing+=(default-jre-headless)  # Debian's default, whatever the release; Spark takes 17 and later
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

if has apt-get && [ "$(id -u)" -eq 0 ]; then
  echo "Installing ${missing[*]} (the tests need them) ..."
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  if (apt-get update && apt-get install -y --no-install-recommends "${missing[@]}") >"$log" 2>&1; then
    rm -f "$log"
    exit 0
  fi
  tail -n 20 "$log" >&2
fi
echo "The tests need these programs, and they are not here: ${missing[*]}" >&2
if has apt-get; then
  echo "Install them, then try again: sudo apt-get install ${missing[*]}" >&2
else
  echo "Install them (for instance: brew install ${missing[*]//redis-server/redis}), then try again." >&2
fi
exit 1
