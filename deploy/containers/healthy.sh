#!/bin/sh
# The coordinator's health check: does its process answer? Over TLS the certificate is not looked at: this asks on loopback
# whether the process is alive, and carries no secret. The argument is the port, 7117 unless given.
port=${1:-7117}
curl --fail --silent --show-error --max-time 4 --output /dev/null "http://127.0.0.1:$port/healthz" 2>/dev/null ||
    exec curl --fail --silent --show-error --max-time 4 --output /dev/null --insecure "https://127.0.0.1:$port/healthz"
