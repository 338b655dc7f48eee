/* Every fault that a debugging heap finds, one for each letter given as argument; harmless in that no byte of it is used. */
#include <stdlib.h>
#include <string.h>

struct list {
  int value;
  struct list *next;
};

/* Volatile, so that no compiler sees through them. */
static void *volatile kept;
static volatile int offset = 1;

static struct list *make_list(int length) {
  struct list *list = NULL;
  for (int value = 0; value < length; value++) {
    struct list *first = malloc(sizeof *first);
    first->value = value;
    first->next = list;
    list = first;
  }
  return list;
}

static void drop_list(struct list *list) {
  for (struct list *next; list != NULL; list = next) {
    next = list->next;
    free(list);
  }
}

static void overflow(void) {
  char *name = malloc(strlen("freehold"));
  strcpy(name, "freehold");
  kept = name;
  free(name);
}

static void underflow(void) {
  int *volatile numbers = malloc(10 * sizeof *numbers);
  for (int i = 9; i >= 0 - offset; i--) numbers[i] = i;
  free(numbers);
}

static void write_after_free(void) {
  struct list *volatile list = make_list(1);
  drop_list(list);
  list->value = 5;
}

static void double_free(void) {
  struct list *volatile list = make_list(1);
  kept = list;
  drop_list(list);
  free(kept);
}

static void interior_free(void) {
  char *block = malloc(100);
  free(block + offset * 16);
  free(block);
}

static void foreign_free(void) {
  static char buffer[64];
  kept = buffer;
  free(kept);
}

static void use_after_realloc(void) {
  char *block = malloc(10);
  kept = block;
  char *larger = realloc(block, 1000);
  kept = realloc(kept, 2000);
  free(larger);
}

int main(int argc, char **argv) {
  switch (argc > 1 ? argv[1][0] : 0) {
    case 'o': overflow(); break;
    case 'u': underflow(); break;
    case 'w': write_after_free(); break;
    case 'd': double_free(); break;
    case 'i': interior_free(); break;
    case 'f': foreign_free(); break;
    case 'r': use_after_realloc(); break;
    case 'l': kept = make_list(3); break;
    default: return 2;
  }
  return 0;
}
