/* pump: what main.c and tank.c share: a program of two files that use the header without holding
 * its implementation. In the common subset of C99 and C++11. */
#ifndef PUMP_H
#define PUMP_H

#include "otel_lite.h"

#define PUMP_RECORDS 2u /* of each signal that is compiled in */

/* Record PUMP_RECORDS records of each signal; in tank.c. */
void tank_fill(otel_scope *scope);

#endif /* PUMP_H */
