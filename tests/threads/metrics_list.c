/* The races of metrics.h where attribute sets are searched in lists instead of a hash table. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#define OTEL_LITE_IMPLEMENTATION
#define OTEL_LITE_SERIES_LIST
#include "src/otel_lite.in.h"
#include "t.h"
#include "metrics.h"

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(totals_are_exact_and_each_reading_is_consistent);
    T_RUN(a_set_brought_by_four_threads_at_once_is_one_series);
    T_RUN(totals_stay_right_when_the_last_place_is_fought_for);
    T_RUN(an_instrument_asked_for_by_four_threads_at_once_is_made_once);
    return t_end();
}
