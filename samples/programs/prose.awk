# Deterministic prose, `lines` lines of invented words from `seed`: a few words frequent, most rare.
function random(below) { state = (state * 16807) % 2147483647; return int(state / 2147483647 * below) }
function syllable() { return substr("bcdfglmnprstvz", random(14) + 1, 1) substr("aeiou", random(5) + 1, 1) }
BEGIN {
  state = seed
  for (i = 0; i < 2000; i++) { word[i] = ""; for (n = random(4) + 1; n > 0; n--) word[i] = word[i] syllable() }
  for (line = 0; line < lines; line++) {
    text = ""
    for (n = random(24) + 1; n > 0; n--) text = text (text == "" ? "" : " ") word[int(2000 * (random(1000) / 1000) ^ 3)]
    print text
  }
}
