#include <stddef.h>

/* Obeys what follows `disk `, and writes one line, without its end, into `answer`. */
void obey_disk(const char *command, char *answer, size_t room);
