# A text tool under ltrace: words counted and listed with the lines that hold them.
needs='gawk:gawk ltrace:ltrace zstd:zstd'
sample=gawk.ltrace.txt.zst
tool=ltrace

inputs() {
  prose 900 1 >lines.txt
  cat >words.awk <<'AWK'
{ for (i = 1; i <= NF; i++) { count[$i]++; where[$i] = where[$i] "," NR } }
END {
  n = asorti(count, order)
  for (i = 1; i <= n; i++) report = report order[i] where[order[i]] "\n"
  print n, length(report)
}
AWK
}

run() {
  record gawk -f words.awk lines.txt
}
