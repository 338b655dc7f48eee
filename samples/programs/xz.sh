# A compressor: few blocks, most of them huge. Kept as the recorder wrote it, in memory_replay's notation.
needs='xz:xz-utils'
sample=xz.replay.txt.gz

inputs() {
  for i in $(seq 1 24); do prose $((i * 120)) "$i" >"$i.txt"; done
}

run() {
  record xz -T2 --block-size=64KiB -6 -- *.txt
}
