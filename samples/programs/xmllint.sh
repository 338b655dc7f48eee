# An XML document read into a tree, searched by an XPath expression, the answer written.
needs='xmllint:libxml2-utils'
sample=xmllint.trace.gz

inputs() {
  prose 1800 1 | awk '
    BEGIN { print "<book>" }
    {
      n = split($0, word, " ")
      printf "<p id=\"p%d\" n=\"%d\">", NR, n
      for (i = 1; i <= n; i++) printf i % 4 ? "%s " : "<em>%s</em> ", word[i]
      print "</p>"
    }
    END { print "</book>" }' >book.xml
}

run() {
  record xmllint --xpath '//p[@n > 12]/em | //p[em = "mogu"]/@id' book.xml >answer.xml
}
