#!/usr/bin/env bash
# Makes this machine able to build the wasm: the pinned Rust toolchain with its wasm32 target, a
# clang that knows wasm (SQLite is C) and the wasm-bindgen command line of the version that
# Cargo.lock names. Idempotent; installs only what is missing; says what it does on stderr.
# Prints on stdout the shell lines to `eval` before building.
set -euo pipefail
cd "$(dirname "$0")/.."
target=wasm32-unknown-unknown
tools=$PWD/.tools
wasm_bindgen=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p;}' Cargo.lock)

say() { echo "toolchain: $*" >&2; }
fail() { say "$1"; say "$2"; exit 1; }

debian_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local root=(); [ "$(id -u)" -eq 0 ] || root=(sudo)
  say "installing Debian packages: ${missing[*]}"
  "${root[@]}" apt-get update -qq >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    fail "could not install ${missing[*]}" "install them by hand, then run this again"
}

has_target_std() {
  local libdir
  libdir=$("$1" --print target-libdir --target $target 2>/dev/null) && compgen -G "$libdir/libstd-*.rlib" >/dev/null
}

# Debian's compiler carries the sources of its standard library but no wasm build of it, so that is
# built once and put beside the host's. LTO needs the bitcode inside.
debian_rust() {
  debian_packages rustc-web cargo-web rust-web-src lld
  local rustc=/usr/bin/rustc home=/usr/lib/rustlib stamp
  stamp=$($rustc -vV | sha256sum | cut -d' ' -f1)
  if ! has_target_std $rustc || [ "$(cat $home/$target/.unentropy-stamp 2>/dev/null)" != "$stamp" ]; then
    say "building the standard library for $target once"
    local work; work=$(mktemp -d)
    mkdir "$work/src" && : >"$work/src/lib.rs"
    printf '[package]\nname = "std-for-wasm"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$work/Cargo.toml"
    (cd "$work" && env -u RUSTUP_TOOLCHAIN PATH=/usr/bin:/bin RUSTC_BOOTSTRAP=1 RUSTC=$rustc \
      RUSTFLAGS="-Cembed-bitcode=yes --remap-path-prefix=$work=/std" \
      /usr/bin/cargo build -q --release --target $target --target-dir "$work/out" -Z build-std=std,panic_abort >&2)
    mkdir -p $home/$target/lib
    cp "$work"/out/$target/release/deps/lib*.rlib $home/$target/lib/
    rm -f $home/$target/lib/libstd_for_wasm-*.rlib
    echo "$stamp" >$home/$target/.unentropy-stamp
    rm -rf "$work"
  fi
  local bin; bin=$home/$($rustc -vV | sed -n 's/^host: //p')/bin
  [ -x "$bin/rust-lld" ] || { mkdir -p "$bin" && ln -sfn "$(command -v lld)" "$bin/rust-lld"; }
  if command -v rustup >/dev/null; then
    rustup toolchain link unentropy-debian /usr >&2
    echo "export RUSTUP_TOOLCHAIN=unentropy-debian"
  else
    echo "export PATH=/usr/bin:\$PATH"
  fi
}

command -v clang >/dev/null || {
  command -v apt-get >/dev/null || fail "clang is missing" "install clang, then run this again"
  debian_packages clang
}

if command -v rustup >/dev/null; then
  pinned=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
  rustup run "$pinned" rustc -V >/dev/null 2>&1 || {
    say "installing Rust $pinned"
    rustup toolchain install "$pinned" --profile minimal --component rustfmt --component clippy >&2 || true
  }
fi
if command -v rustc >/dev/null && has_target_std rustc; then
  say "$(rustc -V) has $target"
elif command -v rustup >/dev/null && say "adding $target" && timeout 180 rustup target add $target >&2 && has_target_std rustc; then
  say "$(rustc -V) has $target"
elif command -v apt-get >/dev/null; then
  say "rustup cannot add $target here: using Debian's compiler"
  debian_rust
else
  fail "no way to get the $target standard library" "run: rustup target add $target"
fi

[ "$("$tools/bin/wasm-bindgen" --version 2>/dev/null)" = "wasm-bindgen $wasm_bindgen" ] || {
  say "building wasm-bindgen-cli $wasm_bindgen (about 110 s)"
  cargo install -q --root "$tools" --target-dir "$tools/build" wasm-bindgen-cli --version "$wasm_bindgen" >&2
}
rm -rf "$tools/build"
echo "export PATH=\"$tools/bin:\$PATH\""
