#!/usr/bin/env bash
# One real Apache Kafka broker (KRaft, one process, loopback) for the tests.
#
#   broker.sh install            download Kafka once: 92 jars, 54 MB
#   broker.sh start DIR PORT     boot, or boot again on the data in DIR; prints the bootstrap address
#   broker.sh stop|kill DIR      SIGTERM / SIGKILL, then wait for the end
#   broker.sh freeze|thaw DIR    SIGSTOP / SIGCONT
#   broker.sh tool CLASS ARG...  one of Kafka's own tools: tool TopicCommand --bootstrap-server ... --list
#
# PORT + 1 is the controller's. SECURE=1 adds SASL_SSL with SCRAM-SHA-256 on PORT + 2 and turns
# authorisation on: users alice (no rights until granted) and admin, passwords <name>-secret, the
# certificate of the authority in DIR/ca.pem. OWNER=<pid> ties the broker's life to that process.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
jars=${STILLWATCH_KAFKA_JARS:-${XDG_CACHE_HOME:-$HOME/.cache}/stillwatch-kafka-4.2.1}
# The broker says little but for the cleaner, whose passes a test wants to see.
log=(-Dorg.slf4j.simpleLogger.defaultLogLevel=warn
  -Dorg.slf4j.simpleLogger.log.org.apache.kafka.storage.internals.log.LogCleaner=info)

install() {
  [ -e "$jars/complete" ] && return
  # Into a fresh folder, then renamed: an interrupted or a second download leaves no half set.
  local fresh="$jars.$$"
  mkdir -p "$fresh"
  mvn -q -B -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$fresh" >&2
  touch "$fresh/complete"
  rm -rf "$jars"
  mv -T "$fresh" "$jars" 2>/dev/null || rm -rf "$fresh"
}

jvm() { java "${log[@]}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$jars/*" "$@"; }

# A killed broker whose parent has gone may stay a zombie where nothing reaps: that counts as ended.
alive() { kill -0 "$1" 2>/dev/null && ! grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"; }

certificates() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test-authority \
    -keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
    -keyout "$1/server.key" -out "$1/server.csr" 2>/dev/null
  openssl x509 -req -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -days 30 \
    -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") -out "$1/server.pem" 2>/dev/null
  openssl pkcs8 -topk8 -nocrypt -in "$1/server.key" -out "$1/server.p8"
  cat "$1/server.p8" "$1/server.pem" > "$1/keystore.pem"
}

# broker.session.timeout.ms: a restart after SIGKILL waits for the broker's own former session.
# log.cleaner.*: compaction is tried every half second, so that a test can see it.
# transaction.*abort*: a transaction whose owner died ends soon after its time-out.
configure() {
  local dir=$1 port=$2 secure=""
  [ "${SECURE:-0}" = 1 ] && secure=",SECURE://127.0.0.1:$((port + 2))"
  cat > "$dir/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))$secure
advertised.listeners=PLAINTEXT://127.0.0.1:$port$secure
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
log.dirs=$dir/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.ms=-1
log.cleaner.backoff.ms=500
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
PROPERTIES
  [ -n "$secure" ] || return 0
  certificates "$dir"
  cat >> "$dir/server.properties" <<PROPERTIES
sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.secure.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location=$dir/keystore.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
PROPERTIES
}

format() {
  local users=()
  [ "${SECURE:-0}" = 1 ] && users=(
    --add-scram 'SCRAM-SHA-256=[name=alice,password=alice-secret]'
    --add-scram 'SCRAM-SHA-256=[name=admin,password=admin-secret]')
  jvm kafka.tools.StorageTool format -t 5tillwatchTestsAAAAAAAA -c "$1/server.properties" "${users[@]}" \
    > "$1/format.log" 2>&1 || { cat "$1/format.log" >&2; exit 1; }
}

start() {
  local dir=$1 port=$2 pid
  install
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  [ -e "$dir/data/meta.properties" ] || { configure "$dir" "$port"; format "$dir"; }
  java "${log[@]}" -Xms128m -Xmx1g -XX:+UseSerialGC -cp "$jars/*" \
    kafka.Kafka "$dir/server.properties" >> "$dir/broker.log" 2>&1 < /dev/null &
  pid=$!
  echo "$pid" > "$dir/pid"
  if [ -n "${OWNER:-}" ]; then
    (while alive "$OWNER" && alive "$pid"; do sleep 1; done; kill -KILL "$pid") > /dev/null 2>&1 < /dev/null &
  fi
  for _ in $(seq 600); do
    alive "$pid" || { tail -20 "$dir/broker.log" >&2; exit 1; }
    (: > "/dev/tcp/127.0.0.1/$port") 2>/dev/null && { echo "127.0.0.1:$port"; return; }
    sleep 0.1
  done
  echo "no broker on port $port after 60 s" >&2
  exit 1
}

end() {
  local pid
  pid=$(cat "$2/pid")
  kill "-$1" "$pid" 2>/dev/null || true
  for _ in $(seq 300); do
    alive "$pid" || return 0
    sleep 0.1
  done
  echo "the broker did not end within 30 s of SIG$1" >&2
  exit 1
}

case ${1:-} in
  install) install ;;
  start) start "$2" "$3" ;;
  stop) end TERM "$2" ;;
  kill) end KILL "$2" ;;
  freeze) kill -STOP "$(cat "$2/pid")" ;;
  thaw) kill -CONT "$(cat "$2/pid")" ;;
  tool) install; jvm "org.apache.kafka.tools.$2" "${@:3}" ;;
  *) sed -n '2,12p' "${BASH_SOURCE[0]}"; exit 64 ;;
esac
