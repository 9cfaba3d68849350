#!/bin/sh
# Runs the storage tests against an emulator of Azure Blob Storage on loopback: azurite, which is fetched from npm and kept
# below ~/.cache/superposed.
set -eu
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/superposed/emulators"
port=10017

command -v npm >/dev/null || { echo "npm is missing: install Node.js" >&2; exit 1; }
[ -x "$cache/node_modules/.bin/azurite-blob" ] || npm install --silent --no-fund --no-audit --prefix "$cache" azurite@3 @azure/storage-blob@12

cargo nextest run --locked -p superposed-storage --no-run
data=$(mktemp -d)
"$cache/node_modules/.bin/azurite-blob" --silent --disableTelemetry --skipApiVersionCheck --location "$data" --blobPort $port &
azurite=$!
trap 'kill $azurite 2>/dev/null; rm -rf "$data"' EXIT

# The account and the key that every azurite has.
export AZURE_STORAGE_ACCOUNT_NAME=devstoreaccount1
export AZURE_STORAGE_ACCOUNT_KEY='Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='
export AZURE_STORAGE_ENDPOINT=http://127.0.0.1:$port/devstoreaccount1
# Its own client signs the request that makes the container.
(cd "$cache" && node --input-type=module) <<'JAVASCRIPT'
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";

const { AZURE_STORAGE_ACCOUNT_NAME: account, AZURE_STORAGE_ACCOUNT_KEY: key, AZURE_STORAGE_ENDPOINT: endpoint } = process.env;
const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key), {
  retryOptions: { maxTries: 20, retryDelayInMs: 200 },
});
await service.getContainerClient("lab").create();
JAVASCRIPT
SUPERPOSED_EMULATED="${SUPERPOSED_EMULATED:-az://lab/test}" cargo nextest run --locked -p superposed-storage -E 'binary(emulated)'
