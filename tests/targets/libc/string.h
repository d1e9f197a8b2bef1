/* string.h: the few functions of a C library that the header uses without an operating system, for
 * compilers that come without any. */
#ifndef STRING_H
#define STRING_H

#include <stddef.h>

void  *memcpy(void *to, const void *from, size_t n);
void  *memmove(void *to, const void *from, size_t n);
void  *memset(void *to, int byte, size_t n);
int    memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int    strcmp(const char *a, const char *b);

#endif /* STRING_H */
