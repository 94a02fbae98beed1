# shellcheck shell=bash
# What the scripts share: uv, system packages, and words to a person. Sourced, never run.

say() { printf '%s\n' "$*" >&2; }

die() { # message, hint
    say "error: $1"
    [ -z "${2:-}" ] || say "hint: $2"
    exit 3
}

is_root() { [ "$(id -u)" -eq 0 ]; }
has() { command -v "$1" >/dev/null 2>&1; }

cache_dir() { printf '%s' "${PRUNER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pruner}"; }

# Installs Debian packages that bring the given commands, where that can be done; says so where not.
# A package that brings a server must not start it: policy-rc.d is how Debian is told.
need_commands() { # command:package ...
    local missing=() pair
    for pair in "$@"; do
        has "${pair%%:*}" || [ -x "/usr/sbin/${pair%%:*}" ] || missing+=("${pair##*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! is_root || ! has apt-get; then
        say "missing, and only root on Debian can install it here: ${missing[*]}"
        return 1
    fi
    say "installing Debian packages: ${missing[*]}"
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        trap 'rm -f /usr/sbin/policy-rc.d' RETURN
    fi
    apt-get update -qq >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        "${missing[@]}" >/dev/null || return 1
}

# Puts uv on PATH: the one that is there, else one in a virtual environment of its own.
ensure_uv() {
    has uv && return 0
    local home
    home="$(cache_dir)/bootstrap"
    if [ ! -x "$home/bin/uv" ]; then
        need_commands python3:python3 || die "there is no python3" "install Python 3.11 or newer"
        python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null ||
            need_commands no-such-command:python3-venv ||
            die "python3 cannot make virtual environments" "install python3-venv, or install uv"
        say "installing uv into $home"
        python3 -m venv --clear "$home" || die "cannot make a virtual environment in $home"
        "$home/bin/pip" install -q --disable-pip-version-check uv || die "cannot install uv"
    fi
    PATH="$home/bin:$PATH"
    export PATH
}

# Makes pruner's own environment; quiet when nothing is to be done.
sync_project() {
    ensure_uv
    uv sync --quiet --all-groups || die "cannot install pruner's own requirements"
}

engine_answers() {
    has docker && timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# One "URI SUITE COMPONENT" per line, of Debian's own archive only.
host_sources() {
    # shellcheck disable=SC2016  # apt-get fills these in, not the shell
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 2>/dev/null |
        sed -n 's/^Debian \(https\{0,1\}:.*\)/\1/p' | sort -u
}

host_mirror() {
    host_sources | awk '$2 !~ /-/ { print $1; exit }'
}
