#!/bin/sh
# A supervisor for tests: BEHAVIOUR --run-dir DIR.
# Says who it is, as the real one does, and then behaves:
#   brief     ends by itself when DIR/finish appears
#   orphan    ends by itself likewise, and leaves a child behind
#   stubborn  ignores TERM, and so does its child
#   silent    ends before it says who it is
#   long      ends, with its child, on TERM
behaviour=$1
dir=$3
[ "$behaviour" = silent ] && exit 1
read -r stat < /proc/$$/stat
set -- ${stat##*) }
shift 19
read -r boot < /proc/sys/kernel/random/boot_id
say() {
  printf '{"pid":%d,"startTime":%d,"bootId":"%s","startedAtMs":%d}\n' \
    $$ "$1" "$boot" "$(date +%s)000" > "$dir/supervisor.json.new"
  mv "$dir/supervisor.json.new" "$dir/supervisor.json"
}
case $behaviour in
  stubborn)
    trap '' TERM
    sleep 600 &
    say "$1"
    while :; do wait $! 2>/dev/null; sleep 1; done
    ;;
  orphan)
    sleep 600 &
    say "$1"
    while [ ! -e "$dir/finish" ]; do sleep 0.02; done
    ;;
  long)
    sleep 600 &
    child=$!
    trap 'kill $child; exit 0' TERM
    say "$1"
    wait $child
    ;;
  brief)
    trap 'exit 0' TERM
    say "$1"
    while [ ! -e "$dir/finish" ]; do sleep 0.02; done
    ;;
esac
