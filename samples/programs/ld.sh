# The linker puts a small C++ program and the static C++ and C libraries together.
needs='ld:binutils g++:g++'
sample=ld.trace.gz

inputs() {
  cat >program.cc <<'CC'
#include <iostream>
#include <map>
#include <regex>
#include <string>
int main() {
  std::map<std::string, int> count;
  for (std::string word; std::cin >> word;)
    if (std::regex_match(word, std::regex("[a-z]+"))) ++count[word];
  for (const auto &[word, n] : count) std::cout << word << ' ' << n << '\n';
}
CC
  g++ -std=c++17 -O1 -c program.cc
  # Copies, so that the names of the libraries' folders do not get into the lengths of the recorded strings.
  for file in crt1.o crti.o crtn.o crtbeginT.o crtend.o libstdc++.a libm.a libc.a libgcc.a libgcc_eh.a; do
    cp "$(g++ -print-file-name=$file)" .
  done
}

run() {
  record ld -static -o program crt1.o crti.o crtbeginT.o program.o \
    libstdc++.a --start-group libc.a libgcc.a libgcc_eh.a --end-group crtend.o crtn.o
}
