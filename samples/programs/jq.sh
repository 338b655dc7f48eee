# A JSON tool under heaptrack: an array of objects grouped, summed and sorted.
needs='jq:jq heaptrack:heaptrack zstd:zstd'
sample=jq.heaptrack.raw.zst
tool=heaptrack

inputs() {
  cat >totals.jq <<'JQ'
group_by(.words[0]) | map({key: .[0].words[0], total: (map(.n) | add), texts: map(.text)}) | sort_by(.total)
JQ
  prose 400 1 | awk '
    BEGIN { print "[" }
    {
      n = split($0, word, " ")
      printf "%s{\"id\":%d,\"n\":%d.5,\"text\":\"%s\",\"words\":[", (NR > 1 ? "," : ""), NR, n, $0
      for (i = 1; i <= n; i++) printf "%s\"%s\"", (i > 1 ? "," : ""), word[i]
      print "]}"
    }
    END { print "]" }' >lines.json
}

run() {
  record jq -f totals.jq lines.json >totals.json
}
