# Sourced by the scripts beside it: finds Pythons and makes virtual environments. POSIX sh.

say() { printf '%s\n' "$*" >&2; }
die() { say "$0: $*"; exit 3; }

# Pythons that the project supports, one path a line, lowest version first.
pythons() {
    {
        for name in python3 python3.9 python3.10 python3.11 python3.12 python3.13 python3.14 python3.15; do
            command -v "$name" || true
        done
        if command -v pyenv >/dev/null; then
            ls "$(pyenv root)"/versions/*/bin/python3 2>/dev/null || true
        fi
    } | while read -r path; do
        "$path" -c 'import sys; v = sys.version_info
if v >= (3, 9): print("%02d%02d %s" % (v[0], v[1], sys.executable))' 2>/dev/null || true
    done | sort -u -k1,1 | cut -d' ' -f2
}

# make_venv PYTHON FOLDER EXTRAS: installs the project with its extras, once for each state of pyproject.toml.
make_venv() {
    stamp="$2/.installed"
    if [ -f "$stamp" ] && cmp -s pyproject.toml "$stamp"; then return; fi
    "$1" -c 'import ensurepip, venv' 2>/dev/null || die \
        "$1 has no venv module: install it (Debian, Ubuntu: apt install python3-venv; RHEL, Amazon Linux: dnf install python3-pip) and try again"
    say "setting up $2 with $("$1" --version) ..."
    "$1" -m venv "$2" || die "the virtual environment $2 could not be made"
    "$2/bin/python" -m pip install --quiet --disable-pip-version-check -e ".[$3]" \
        || die "pip could not install the project; is the package index reachable?"
    cp pyproject.toml "$stamp"
}
