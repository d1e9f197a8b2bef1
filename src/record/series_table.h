/* series_table: from attribute sets to series, one table for all instruments.
 * Cells are offsets into the series' pool, at least twice as many as series fit; a cell once filled
 * is final, so that a lookup that hits needs no lock. Two threads that see a new set at once both
 * build it; one publishes, the other's memory is kept as a spare. When the pool or the instrument's
 * limit is used up, new sets share the instrument's overflow series: totals stay right.
 * Spec: metrics/sdk.md "Cardinality limits"; requirements C-08, M-80..M-84, M-109. */
#ifndef OTEL__RECORD_SERIES_TABLE_H
#define OTEL__RECORD_SERIES_TABLE_H

#include "series.h"

#if !defined(OTEL_LITE_NO_METRICS) && !defined(OTEL_LITE_SERIES_LIST)

/* ---- series: the table ---- */

/* Cells for a pool of that many bytes: two a series of typical size. */
OTEL__FN uint32_t otel__series_cells(uint32_t pool_bytes)
{
    uint32_t n = 16;
    while (n < pool_bytes / OTEL__SERIES_TYPICAL * 2u) {
        n *= 2u;
    }
    return n;
}

OTEL__FN void otel__series_init_table(otel__metrics *m, otel__arena *a, uint32_t pool_bytes)
{
    m->n_cells = otel__series_cells(pool_bytes);
    m->cells = (otel__a32 *)otel__arena_take(a, m->n_cells, sizeof *m->cells);
}

OTEL__HOT uint32_t otel__series_cell(const otel__metrics *m, const otel__instrument *in,
                                     uint64_t hash)
{
    const uint64_t h = otel__attr_mix(hash, in->index);
    return (uint32_t)(h >> 16) & (m->n_cells - 1u);
}

/* Hash the list as it was given: equal to the encoded set's hash when no text needs repair. */
OTEL__HOT void otel__set_hash(otel__set *set, otel_attrs attrs, uint64_t seed)
{
    uint64_t seen = 0;
    size_t   i;

    set->n = attrs.count < OTEL__ATTRS_MAX ? (uint32_t)attrs.count : OTEL__ATTRS_MAX;
    set->hash = 0;
    set->repeats = false;
    for (i = 0; i < set->n; i++) {
        const otel_attr *a = &attrs.items[i];
        const size_t     n = otel__attr_key_length(a);
        if (OTEL__LIKELY(n != 0 && n <= OTEL__KEY_MAX)) {
            const uint64_t key = otel__attr_hash_key(a, n);
            const uint64_t bit = otel__attr_key_bit(key);
            set->repeats = set->repeats || (seen & bit) != 0;
            seen |= bit;
            set->hash += otel__attr_hash(a, key, seed);
        }
    }
}

/* Take the hashes of shadowed items out again: only the last of equal keys counts. */
OTEL__FN OTEL__COLD void otel__set_unrepeat(otel__set *set, otel_attrs attrs, uint64_t seed)
{
    const otel_attrs seen = otel_attrs_of(attrs.items, set->n);
    bool             any = false;
    size_t           i;

    for (i = 0; i < set->n; i++) {
        const otel_attr *a = &attrs.items[i];
        const size_t     n = otel__attr_key_length(a);
        if (n != 0 && n <= OTEL__KEY_MAX && otel__attrs_is_shadowed(seen, i)) {
            set->hash -= otel__attr_hash(a, otel__attr_hash_key(a, n), seed);
            any = true;
        }
    }
    set->repeats = any;
}

#if defined(OTEL__STREAMS)
/* Build what holds a set but is found by no search: see stream.h. Returns its offset, or 0. */
OTEL__FN uint32_t otel__series_build_apart(otel__metrics *m, const otel__instrument *in,
                                           otel_attrs attrs)
{
    otel__set set;

    otel__set_hash(&set, attrs, in->r->seed[0]);
    return otel__series_build(m, in, &set, attrs);
}
#endif

/* Publish a built series, unless its set is there already. Returns the offset of the one in use. */
OTEL__FN uint32_t otel__series_publish(otel__metrics *m, otel__instrument *in, uint32_t offset)
{
    otel__series *s = otel__series_at(m, offset);
    uint32_t      cell = otel__series_cell(m, in, s->hash);

    for (;;) {
        uint32_t found = otel__a32_load(&m->cells[cell]);
        if (found == 0 && otel__a32_cas(&m->cells[cell], &found, offset)) {
            otel__series_link(m, in, offset);
            return offset;
        }
        if (found != 0) { /* a lost race looks at the same cell again */
            otel__series *other = otel__series_at(m, found);
            if (other->hash == s->hash && other->instrument == in->index &&
                otel__series_same_encoded(s, other)) {
                otel__series_give(m, offset);
                return found;
            }
            cell = (cell + 1u) & (m->n_cells - 1u);
        }
    }
}

/* Put a series whose set is in no cell into the first free one. */
OTEL__FN void otel__series_place(otel__metrics *m, const otel__instrument *in, uint32_t offset)
{
    uint32_t cell = otel__series_cell(m, in, otel__series_at(m, offset)->hash);
    uint32_t none = 0;

    while (!otel__a32_cas(&m->cells[cell], &none, offset)) {
        cell = (cell + 1u) & (m->n_cells - 1u);
        none = 0;
    }
}

/* Make the first series of an instrument, that of a set for all others. Under the lock. */
OTEL__FN bool otel__series_found(otel__metrics *m, otel__instrument *in, otel_attrs attrs)
{
    otel__set set;

    if (!otel__series_claim(&m->n_filled, m->n_cells / 2u)) {
        return false;
    }
    otel__set_hash(&set, attrs, in->r->seed[0]);
    in->overflow = otel__series_build(m, in, &set, attrs);
    if (in->overflow == 0) {
        (void)otel__a32_count(&m->n_filled, 0xffffffffu); /* minus one */
        return false;
    }
    otel__series_place(m, in, in->overflow);
    return true;
}

/* The series with the set of a built one, or 0. */
OTEL__FN uint32_t otel__series_twin(otel__metrics *m, const otel__instrument *in, uint32_t offset)
{
    otel__series *s = otel__series_at(m, offset);
    uint32_t      cell = otel__series_cell(m, in, s->hash);
    uint32_t      found;

    while ((found = otel__a32_load(&m->cells[cell])) != 0) {
        otel__series *other = otel__series_at(m, found);
        if (other->hash == s->hash && other->instrument == in->index &&
            otel__series_same_encoded(s, other)) {
            break;
        }
        cell = (cell + 1u) & (m->n_cells - 1u);
    }
    return found;
}

/* Build the set, unless that was done, and publish it, if the limits allow. Returns its offset,
 * that of another thread's, or 0. */
OTEL__FN uint32_t otel__series_add(otel__metrics *m, otel__instrument *in, otel__set *set,
                                   otel_attrs attrs, uint32_t built)
{
    uint32_t used = 0;

    if (otel__series_claim(&in->n_series, in->max_series)) {
        if (otel__series_claim(&m->n_filled, m->n_cells / 2u)) {
            built = built != 0 ? built : otel__series_build(m, in, set, attrs);
            used = built != 0 ? otel__series_publish(m, in, built) : 0;
            if (built == 0) {
                otel__a32_put(&in->full, 1u);
            }
            if (used != 0 && used == built) {
                return used;
            }
            (void)otel__a32_count(&m->n_filled, 0xffffffffu); /* minus one */
            built = 0;                                        /* publishing gave it back */
        }
        (void)otel__a32_count(&in->n_series, 0xffffffffu);
    }
    if (built != 0) {
        otel__series_give(m, built);
    }
    return used;
}

/* The series with the set as it was given, or 0. */
OTEL__HOT uint32_t otel__series_look(otel__metrics *m, const otel__instrument *in, otel_attrs attrs,
                                     const otel__set *set)
{
    uint32_t cell = otel__series_cell(m, in, set->hash);
    uint32_t offset;

    while ((offset = otel__a32_load(&m->cells[cell])) != 0) {
        otel__series *s = otel__series_at(m, offset);
        if (s->hash == set->hash && s->instrument == in->index &&
            (otel__series_same_order(s, attrs) || otel__series_same_any(s, attrs, set))) {
            break;
        }
        cell = (cell + 1u) & (m->n_cells - 1u);
    }
    return offset;
}

/* Whether a new set has no place: one look spares an instrument that is full the work of making it.
 * Not when some set's text was repaired: this one's may have to be, too, and be there already. */
OTEL__HOT bool otel__series_is_full(const otel__metrics *m, const otel__instrument *in)
{
    return (otel__a32_load(&in->n_series) >= in->max_series || otel__a32_load(&in->full) != 0 ||
            otel__a32_load(&m->n_filled) >= m->n_cells / 2u) &&
           otel__a32_load(&m->repaired) == 0;
}

/* A set that the table does not hold as it was given: make it, or share the overflow series. Text
 * that needs repair never matches as given: such a set is built to be looked up. */
OTEL__FN OTEL__COLD uint32_t otel__series_new(otel__metrics *m, otel__instrument *in,
                                              otel__set *set, otel_attrs attrs)
{
    uint32_t offset = 0;
    uint32_t found;

    otel__set_measure(set, attrs);
    if (set->broken) {
        otel__a32_store(&m->repaired, 1u);
        offset = otel__series_build(m, in, set, attrs);
        found = offset != 0 ? otel__series_twin(m, in, offset) : 0;
        if (found != 0) {
            otel__series_give(m, offset);
            return found;
        }
    }
    found = otel__series_add(m, in, set, attrs, offset);
    if (found == 0) { /* another thread may have taken the last place for this very set */
        found = otel__series_look(m, in, attrs, set);
    }
    return found != 0 ? found : in->overflow;
}

/* Find the series of a set that is not the one used last. */
OTEL__FN OTEL__NOINLINE uint32_t otel__series_search(otel__metrics *m, otel__instrument *in,
                                                     otel_attrs attrs)
{
    const uint64_t seed = in->r->seed[0];
    const bool     full = otel__series_is_full(m, in); /* before looking: one look is enough then */
    otel__set      set;
    uint32_t       offset;

    otel__set_hash(&set, attrs, seed);
    if (OTEL__UNLIKELY(set.repeats)) {
        otel__set_unrepeat(&set, attrs, seed);
    }
    offset = otel__series_look(m, in, attrs, &set);
    if (OTEL__LIKELY(offset != 0)) {
        return offset;
    }
    return full ? in->overflow : otel__series_new(m, in, &set, attrs);
}

/* ---- series: fork ---- */

/* Make the instruments' lists anew from the cells: another thread of the parent may have been about
 * to append one. Only in a forked child. */
OTEL__FN void otel__series_relink(otel__metrics *m)
{
    uint32_t n = otel__a32_peek(&m->n_instruments);
    uint32_t i;

    for (i = 0; i < otel__a32_peek(&m->n_instruments); i++) {
        otel__instrument *in = &m->instruments[i];
        otel__a32_put(&in->last, 0);
        otel__a32_put(&in->n_series, 0);
        otel__a32_put(&in->tail, in->overflow);
        otel__a32_put(&otel__series_at(m, in->overflow)->cell.next, 0);
    }
    for (i = 0; i < m->n_cells; i++) {
        const uint32_t offset = otel__a32_peek(&m->cells[i]);
        otel__series  *s = otel__series_at(m, offset != 0 ? offset : 1u);
        if (offset != 0 && m->instruments[s->instrument].overflow != offset) {
            otel__instrument *in = &m->instruments[s->instrument];
            otel__a32_put(&s->cell.next, 0);
            otel__series_link(m, in, offset);
            (void)otel__a32_count(&in->n_series, 1u);
            n++;
        }
    }
    otel__a32_put(&m->n_filled, n);
    memset(m->cells, 0, m->n_cells * sizeof *m->cells);
}

/* Find a place for a series again, whose hash is another one with a new seed. */
OTEL__FN void otel__series_reseed(otel__metrics *m, const otel__instrument *in, uint32_t offset)
{
    otel__series *s = otel__series_at(m, offset);
    s->hash = otel__series_hash(s, in->r->seed[0]);
    otel__series_place(m, in, offset);
}

#endif
#endif /* OTEL__RECORD_SERIES_TABLE_H */
