/* Bound instruments: a handle records what a call with its attributes would, in every kind; what
 * gives no series; the limit on series; close; fork. Threads: tests/threads/bound.c.
 * Requirements M-15, M-107. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"
#include "points.h"
#include "bound_cases.h"

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_handle_records_what_a_call_with_its_attributes_would);
    T_RUN(the_inline_calls_and_the_librarys_own_agree);
    T_RUN(binding_a_set_again_gives_the_same_series);
    T_RUN(a_zeroed_handle_and_one_of_null_do_nothing);
    T_RUN(a_handle_that_was_given_up_does_nothing_and_its_values_stay);
    T_RUN(a_series_has_no_point_before_its_first_value);
    T_RUN(a_handle_bound_during_overflow_stays_with_the_overflow);
    T_RUN(a_handle_that_finds_no_memory_is_bound_to_the_overflow);
    T_RUN(a_handle_survives_the_close_and_does_nothing);
    T_RUN(a_forked_child_counts_through_the_parents_handles_from_zero);
    return t_end();
}
