/*
 * Runs the SQL on standard input in a database in memory and prints every row.
 *
 * SQLite is built with SQLITE_OS_OTHER: it knows no files, no clock and no randomness but those given here, which are
 * the same on every machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include "sqlite3.h"

static int open_none(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
  file->pMethods = NULL;
  return SQLITE_CANTOPEN;
}

static int delete_none(sqlite3_vfs *vfs, const char *name, int sync) { return SQLITE_IOERR_DELETE; }

static int access_none(sqlite3_vfs *vfs, const char *name, int flags, int *exists) {
  *exists = 0;
  return SQLITE_OK;
}

static int full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

static int randomness(sqlite3_vfs *vfs, int size, char *out) {
  for (int i = 0; i < size; i++) out[i] = (char)(i * 7 + 1);
  return size;
}

static int sleep_not(sqlite3_vfs *vfs, int microseconds) { return microseconds; }

static int current_time(sqlite3_vfs *vfs, double *julian_day) {
  *julian_day = 2460000.5;
  return SQLITE_OK;
}

static int last_error(sqlite3_vfs *vfs, int size, char *out) { return 0; }

static sqlite3_vfs no_files = {
    .iVersion = 1,
    .szOsFile = sizeof(sqlite3_file),
    .mxPathname = 512,
    .zName = "none",
    .xOpen = open_none,
    .xDelete = delete_none,
    .xAccess = access_none,
    .xFullPathname = full_pathname,
    .xRandomness = randomness,
    .xSleep = sleep_not,
    .xCurrentTime = current_time,
    .xGetLastError = last_error,
};

int sqlite3_os_init(void) { return sqlite3_vfs_register(&no_files, 1); }

int sqlite3_os_end(void) { return SQLITE_OK; }

static int print_row(void *unused, int columns, char **values, char **names) {
  for (int i = 0; i < columns; i++) printf("%s%s", i > 0 ? "|" : "", values[i] != NULL ? values[i] : "NULL");
  putchar('\n');
  return 0;
}

static char *read_all(FILE *file) {
  size_t length = 0, room = 64;
  char *text = malloc(room);
  while (text != NULL) {
    length += fread(text + length, 1, room - length - 1, file);
    if (length + 1 < room) {
      text[length] = 0;
      return text;
    }
    char *longer = realloc(text, room *= 2);
    if (longer == NULL) free(text);
    text = longer;
  }
  return NULL;
}

int main(void) {
  char *sql = read_all(stdin);
  sqlite3 *db = NULL;
  char *message = NULL;
  int result = sql == NULL ? SQLITE_NOMEM : sqlite3_open(":memory:", &db);
  if (result == SQLITE_OK) result = sqlite3_exec(db, sql, print_row, NULL, &message);
  if (result != SQLITE_OK) printf("error %d: %s\n", result, message != NULL ? message : sqlite3_errstr(result));
  sqlite3_free(message);
  sqlite3_close(db);
  sqlite3_shutdown();
  free(sql);
  return result;
}
