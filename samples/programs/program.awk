# A C program of `functions` functions: loops, branches, switches, lists, calls of one another.
function random(below) { state = (state * 16807) % 2147483647; return int(state / 2147483647 * below) }
function variable() { return substr("abcd", random(4) + 1, 1) }
function expression(depth) {
  if (depth == 0) return random(3) ? variable() : random(1000)
  return "(" expression(depth - 1) " " substr("+-*^&|", random(6) + 1, 1) " " expression(random(depth)) ")"
}
BEGIN {
  state = 7
  print "#include <stddef.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>"
  print "struct node { struct node *next; unsigned key; char name[16]; };"
  for (f = 0; f < functions; f++) {
    printf "unsigned work%d(unsigned a, unsigned b, struct node *list) {\n  unsigned c = 0, d = 0;\n  c = %s;\n", f, expression(2)
    for (s = random(6) + 1; s > 0; s--) {
      kind = random(4)
      if (kind == 0) printf "  for (d = 0; d < %d; d++) %s += %s;\n", random(50) + 1, substr("abc", random(3) + 1, 1), expression(3)
      else if (kind == 1) printf "  if (%s > %s) %s = %s; else %s ^= %s;\n", variable(), expression(2), variable(), expression(4), variable(), expression(1)
      else if (kind == 2) printf "  while (list && list->key < %s) { c += strlen(list->name); list = list->next; }\n", expression(1)
      else {
        printf "  switch (%s %% 5) {\n", expression(1)
        for (k = 0; k < 5; k++) printf "    case %d: %s = %s; break;\n", k, variable(), expression(3)
        print "  }"
      }
    }
    printf "  return %s%s;\n}\n", f ? sprintf("work%d(c, d, list) ^ ", random(f)) : "", expression(2)
  }
  print "int main(void) { printf(\"%u\\n\", work" functions - 1 "(1, 2, NULL)); return 0; }"
}
