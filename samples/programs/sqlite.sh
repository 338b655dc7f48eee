# A library's catalogue: full-text index, loans, and each round's outgoing books copied to an archive whose
# pages have another size. Archives are detached two rounds later, so that page buffers of many sizes come and go
# between long strings, sorters, statements and schemas.
needs='sqlite3:sqlite3'
sample=sqlite.trace.gz

inputs() {
  prose 3000 1 >lines.txt
  {
    cat <<'SQL'
PRAGMA cache_size = -1200;
CREATE TABLE line(text TEXT);
.separator "|"
.import lines.txt line
CREATE TABLE reader(id INTEGER PRIMARY KEY, name TEXT NOT NULL, town TEXT);
CREATE TABLE book(id INTEGER PRIMARY KEY, title TEXT NOT NULL, year INTEGER, text TEXT);
CREATE TABLE loan(reader INTEGER, book INTEGER, round INTEGER, note TEXT);
CREATE VIRTUAL TABLE word USING fts5(text);
INSERT INTO reader SELECT rowid, substr(text, 1, 20), substr(text, 3, 5) FROM line WHERE rowid <= 300;
SQL
    round=0
    for page_size in 512 4096 1024 16384 2048 8192; do
      round=$((round + 1))
      one_round
    done
    echo 'VACUUM; PRAGMA integrity_check;'
  } >catalogue.sql
}

one_round() {
  cat <<SQL
ATTACH 'archive$round.db' AS archive$round;
PRAGMA archive$round.page_size = $page_size;
PRAGMA archive$round.cache_size = -300;
BEGIN;
INSERT INTO book
  SELECT rowid, substr(text, 1, instr(text || ' ', ' ')), 1800 + rowid % 200,
    (SELECT group_concat(text, char(10)) FROM line AS next
     WHERE next.rowid BETWEEN line.rowid AND line.rowid + line.rowid * 7919 % 23)
  FROM line WHERE rowid % 6 = $round - 1 AND rowid < 1500;
INSERT INTO word(rowid, text) SELECT id, text FROM book WHERE id % 6 = $round - 1;
INSERT INTO loan
  SELECT reader.id, book.id, $round, reader.name || ' ' || book.title
  FROM reader JOIN book ON book.id % 300 = reader.id WHERE book.id % 6 = $round - 1;
COMMIT;
CREATE TABLE archive$round.book AS SELECT * FROM book WHERE id % 5 = $round % 5;
CREATE INDEX archive$round.title ON book(title, year);
SELECT town, count(*), group_concat(DISTINCT title)
  FROM reader JOIN loan ON reader.id = loan.reader JOIN book ON book.id = loan.book
  GROUP BY town ORDER BY 2 DESC LIMIT 20;
SELECT rowid, snippet(word, 0, '[', ']', '...', 8) FROM word WHERE word MATCH 'ba* OR mogu' ORDER BY rank LIMIT 10;
UPDATE book SET text = text || ' ' || title WHERE year % 7 = $round;
DELETE FROM word WHERE rowid % 5 = $round % 5;
DELETE FROM book WHERE id % 5 = $round % 5;
SELECT year / 10 * 10 AS decade, max(length(text)), group_concat(text) FROM book GROUP BY decade ORDER BY 2;
SQL
  case $round in
    2) echo 'CREATE INDEX loan_book ON loan(book); CREATE INDEX book_title ON book(title, year);' ;;
    3 | 5 | 6) echo "DETACH archive$((round - 2));" ;;
    4) echo 'DETACH archive2; VACUUM;' ;;
  esac
}

run() {
  record sqlite3 -batch catalogue.db '.read catalogue.sql' >answers.txt
  tail -n 1 answers.txt | grep -qx ok
}
