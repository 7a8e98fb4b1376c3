#!/bin/sh
# taskapp @VERSION@ for @TARGET@: Deno and the program, packed behind this script. Its
# first start unpacks them into a cache directory, under a name made of their content; later ones
# run them from there.

caches="${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}"
cache="${TASKAPP_CACHE_DIR:-${caches:+$caches/taskapp}}"
dir="$cache/@HASH@"
new=

fail() {
  [ -z "$new" ] || rm -rf "$new"
  echo "taskapp: $1" >&2
  exit 1
}

# unpack NAME START LENGTH
unpack() {
  tail -c "+$2" "$0" | head -c "$3" | gzip -dc >"$new/$1"
}

# Deno's lists of permitted paths have no way to write a comma.
case $dir in *,*) fail "cannot run from $dir, for its comma; name another in TASKAPP_CACHE_DIR" ;; esac

# Deno is moved there last, so where it is, all is. Others may be doing the same: each works in a
# directory of its own, and what they move over each other is equal.
if [ ! -x "$dir/deno" ]; then
  trap 'fail "stopped while unpacking"' HUP INT TERM
  [ -n "$cache" ] || fail "HOME is not set; name a directory to unpack into in TASKAPP_CACHE_DIR"
  { mkdir -p "$dir" && new=$(mktemp -d "$dir/new.XXXXXX"); } 2>/dev/null ||
    fail "cannot write to $cache; name a directory to unpack into in TASKAPP_CACHE_DIR"
  {
    @UNPACK@ &&
      chmod +x "$new/deno"
  } 2>/dev/null || fail "cannot unpack into $dir; is there room for 100 MB?"
  "$new/deno" --version >/dev/null 2>&1 ||
    fail "cannot run here: it is for @TARGET@, and $cache must allow programs to run"
  { mv -f "$new"/*.js "$new"/*.map "$dir" && mv -f "$new/deno" "$dir"; } ||
    fail "cannot unpack into $dir"
  rm -rf "$new"
  trap - HUP INT TERM
fi

# Who owns the directory can change the program.
[ -O "$dir" ] || [ -n "$(find "$dir" -prune -user 0)" ] ||
  fail "$dir belongs to another user; name another directory in TASKAPP_CACHE_DIR"

# What was unpacked is read by its threads, and changed by no task.
export DENO_DIR="$dir/deno_dir" DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
exec "$dir/deno" run --quiet --no-prompt --no-config --no-lock --no-remote --no-npm \
  @PERMISSIONS@ --allow-read="$dir/thread.js" --deny-write="$dir" "$dir/main.js" "$@"
