#!/usr/bin/env bash
# What other people's programs say of deploy/: each one that is installed is run, the others are named.
#
#   tests/deploy/tools.sh [PROGRAM…]    the programs named here must be installed (.ci/run: promtool, amtool)
#
# STILLWATCH: the program itself, for the image's root file system; target/debug/stillwatch if not given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../deploy"

stillwatch=${STILLWATCH:-../target/debug/stillwatch}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 absent=()

there() { command -v "$1" > /dev/null || { absent+=("$1"); return 1; }; }

run() { # run WHAT COMMAND...
  local what=$1
  shift
  if "$@" > "$work/said" 2>&1; then
    echo "ok: $what"
    passed=$((passed + 1))
  else
    echo "FAILED: $what" >&2
    cat "$work/said" >&2
    exit 1
  fi
}

prometheus() {
  there promtool || return 0
  run "promtool check rules" promtool check rules prometheus/rules.yml
  run "promtool test rules" promtool test rules prometheus/rules.test.yml
  # syntax only: the token's file is where the compose file puts it
  run "promtool check config" promtool check config --syntax-only prometheus/prometheus.yml
}

alertmanager() {
  there amtool || return 0
  run "amtool check-config" amtool check-config compose/alertmanager.yml
}

# Renders all of Kubernetes' resources, and holds them against its schemas where kubernetes-validate (pip) is.
kubernetes() {
  local rendered=()
  if there kubectl; then
    local folder
    for folder in kubernetes/base kubernetes/monitoring kubernetes/keda kubernetes; do
      run "kubectl kustomize $folder" kubectl kustomize "$folder" -o "$work/kustomize.yaml"
    done
    rendered+=("$work/kustomize.yaml")
  fi
  if there helm; then
    run "helm lint" helm lint --strict helm/stillwatch
    mkdir "$work/helm"
    helm template stillwatch helm/stillwatch > "$work/helm/plain.yaml"
    run "helm template, everything on" helm template stillwatch helm/stillwatch --namespace stillwatch \
      --set podMonitor.enabled=true,prometheusRule.enabled=true,keda.enabled=true --output-dir "$work/helm/all"
    rendered+=("$work/helm/plain.yaml" "$work"/helm/all/stillwatch/templates/*.yaml)
    if there promtool; then
      # the rules as the chart brings them, out of their resource again
      sed -n '/^  groups:/,$p' "$work/helm/all/stillwatch/templates/monitoring.yaml" | sed 's/^  //' > "$work/rules.yml"
      run "promtool check rules of the chart" promtool check rules "$work/rules.yml"
    fi
  fi
  [ ${#rendered[@]} = 0 ] || ! there kubernetes-validate ||
    run "kubernetes-validate --strict" kubernetes-validate --strict --no-warn "${rendered[@]}"
}

# A unit is verified with the programs that it names where it names them: in a root of its own.
unit() {
  there systemd-analyze || return 0
  sed "s|/usr/bin/stillwatch|/bin/true|" systemd/stillwatch.service > "$work/stillwatch.service"
  run "systemd-analyze verify" systemd-analyze verify "$work/stillwatch.service"
  # 0 is fully confined, 10 not at all
  run "systemd-analyze security" systemd-analyze security --offline=true --threshold=20 "$work/stillwatch.service"
}

# The image without its engine: its root file system, mounted read-only, as its user.
image() {
  if [ "$(id -u)" != 0 ] || ! unshare --mount true 2> /dev/null; then
    absent+=("root, to mount a root file system read-only")
    return 0
  fi
  docker/rootfs "$stillwatch" "$work/root"
  head -c 32 /dev/urandom | base64 > "$work/root/run/secrets/fold.secret"
  tr -d '\n' < "$work/root/run/secrets/fold.secret" > "$work/root/run/secrets/http.token"
  cp compose/stillwatch.toml "$work/root/etc/stillwatch/"
  chmod 755 "$work" "$work/root"
  run "the image's files, read-only, as user 65532" unshare --mount sh -ec "
    mount --bind '$work/root' '$work/root'
    mount -o remount,bind,ro '$work/root'
    if touch '$work/root/written' 2> /dev/null; then echo 'the root is not read-only' >&2; exit 1; fi
    cd '$work/root'
    chroot --userspec=65532:65532 . /usr/bin/stillwatch check -c /etc/stillwatch/stillwatch.toml --offline --deny-warnings
    chroot --userspec=65532:65532 . /usr/bin/stillwatch simulate --tenants 2 --days 1 --out - |
      chroot --userspec=65532:65532 . /usr/bin/stillwatch replay - --json
  "
}

prometheus
alertmanager
kubernetes
unit
image
for program in "$@"; do
  command -v "$program" > /dev/null || { echo "$program is not installed" >&2; exit 1; }
done
for program in "${absent[@]}"; do echo "not here, so not run: $program"; done
echo "$passed passed, 0 failed"
