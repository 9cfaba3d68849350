#!/bin/sh
# Postgres's programs, for private clusters that this project makes, starts and stops itself.
#
# Installs the distribution's package where no installation is found. That package would also make and start a system
# cluster; it is told not to. A cluster or database that is there already is never touched.
set -eu

found() {
    for directory in "${PGBIN:-}" "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin \
        /opt/homebrew/bin /usr/local/bin /usr/bin; do
        if [ -n "$directory" ] && [ -x "$directory/initdb" ] && [ -x "$directory/pg_ctl" ]; then
            return 0
        fi
    done
    return 1
}

if found; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "postgres: not found, and there is no apt-get to install it with; install your system's postgresql package" >&2
    exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
fi
echo "postgres: installing the distribution's postgresql package, without a system cluster"
settings=/etc/postgresql-common/createcluster.conf
if [ ! -e "$settings" ]; then
    echo "postgres: writing 'create_main_cluster = false' to $settings"
    $sudo mkdir -p "$(dirname "$settings")"
    echo "create_main_cluster = false" | $sudo tee "$settings" >/dev/null
elif ! grep -q '^create_main_cluster *= *false' "$settings"; then
    echo "postgres: adding 'create_main_cluster = false' to $settings"
    echo "create_main_cluster = false" | $sudo tee -a "$settings" >/dev/null
fi
"$(dirname "$0")/packages.sh" postgresql
if ! found; then
    echo "postgres: still not found after the installation; set PGBIN to the directory that holds initdb" >&2
    exit 1
fi
