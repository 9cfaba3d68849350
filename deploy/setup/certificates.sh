#!/bin/sh
# A private authority and a certificate for a coordinator, with openssl, for installations that have no authority of their own.
#
#   deploy/setup/certificates.sh DIRECTORY NAME…
#
# NAMEs are what clients call the coordinator: host names and addresses. Writes ca.crt, tls.crt and tls.key, and ca.key, which belongs
# to a safe place and to no coordinator. Run again, it makes a new certificate under the same authority; coordinators take it
# without a restart.
set -eu
if [ $# -lt 2 ]; then
    echo "certificates: say where they go and what the coordinator is called: certificates.sh DIRECTORY NAME…" >&2
    exit 2
fi
directory=$1
shift
umask 077
mkdir -p "$directory"
names=
for name in "$@"; do
    case $name in
    *[!0-9.]*) kind=DNS ;;
    *) kind=IP ;;
    esac
    case $name in
    *:*) kind=IP ;;
    esac
    names="$names${names:+,}$kind:$name"
done
if [ ! -e "$directory/ca.key" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 3650 -subj "/CN=superposed" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout "$directory/ca.key" -out "$directory/ca.crt" 2>/dev/null
fi
work=$(mktemp -d "$directory/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
cat >"$work/extensions" <<EOF
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$names
EOF
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj "/CN=$1" \
    -keyout "$work/tls.key" -out "$work/request" 2>/dev/null
openssl x509 -req -in "$work/request" -CA "$directory/ca.crt" -CAkey "$directory/ca.key" -days 397 \
    -extfile "$work/extensions" -out "$work/tls.crt" 2>/dev/null
chmod 644 "$directory/ca.crt" "$work/tls.crt"
mv "$work/tls.key" "$work/tls.crt" "$directory/"
echo "certificates: $directory/tls.crt is valid for $names, 397 days"
