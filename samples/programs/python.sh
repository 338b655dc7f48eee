# Python with its own small-object allocator switched off, so that every object is a malloc: JSON out and back,
# regular expressions, sets.
needs='python3:python3'
sample=python.trace.gz
settings='PYTHONMALLOC=malloc PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1'

inputs() {
  prose 300 1 >lines.txt
  cat >index.py <<'PYTHON'
import json
import re

with open("lines.txt") as file:
    lines = file.read().splitlines()
documents = [{"id": i, "words": line.split(), "length": len(line), "text": line} for i, line in enumerate(lines)]
text = json.dumps(documents)
where = {}
for document in json.loads(text):
    for word in re.findall("[a-z]+", document["text"]):
        where.setdefault(word, set()).add(document["id"])
print(len(text), len(where))
PYTHON
}

run() {
  record python3 -S index.py
}
