#!/usr/bin/env bash
# The suite on every Node that is supported. Node 20 has no SQLite built in: there better-sqlite3 keeps the files.
set -euo pipefail
cd "$(dirname "$0")/.."

on() { npx --yes --package="node@$1" -- "${@:2}"; }

on 20 npm --prefix test/better-sqlite3 ci
NODE_PATH="$PWD/test/better-sqlite3/node_modules" on 20 node node_modules/vitest/vitest.mjs run
on 22 node node_modules/vitest/vitest.mjs run
npm test
