/* exponential_index: which bucket of a base-2 exponential histogram a value falls into, exactly,
 * for every finite double above 0 (subnormals as they are) and every scale from -11 to 20. Integers
 * only: neither libm nor a floating-point unit. Called by record/exponential.h for each recording.
 * Bucket i at scale s holds what is above 2^(i / 2^s) and not above 2^((i + 1) / 2^s); so an index
 * at a coarser scale is the finer one shifted down.
 * Spec: metrics/data-model.md "ExponentialHistogram", requirements M-52, M-53. */
#ifndef OTEL__RECORD_EXPONENTIAL_INDEX_H
#define OTEL__RECORD_EXPONENTIAL_INDEX_H

#include "../core/platform.h"

#if !defined(OTEL_LITE_NO_EXPONENTIAL)

#define OTEL__EXP_SCALE_MIN (-11) /* two buckets hold every double */
#define OTEL__EXP_SCALE_MAX 20

/* Arithmetic shift: down, also below zero; `by` < 32. */
OTEL__HOT int32_t otel__exp_shift(int32_t v, uint32_t by) { return v < 0 ? ~(~v >> by) : v >> by; }

/* ---- the binary logarithm, digit by digit ---- */

/* A number in [1, 2) with 95 binary places, the first word the highest. */
typedef struct otel__exp_wide {
    uint32_t w[3];
} otel__exp_wide;

/* Square x, halve the result if it is 2 or more: returns 1 then. The result is too small by less
 * than 6 units of 2^-94: what the low halves of the products would have added. */
OTEL__FN uint32_t otel__exp_square(otel__exp_wide *x)
{
    const uint64_t a = x->w[0], b = x->w[1], c = x->w[2];
    const uint64_t aa = a * a, ab = a * b;
    const uint64_t low = 2u * (uint64_t)(uint32_t)ab + 2u * ((a * c) >> 32) + ((b * b) >> 32);
    const uint64_t middle = 2u * (ab >> 32) + (uint32_t)aa + (low >> 32);
    uint32_t       top = (uint32_t)((aa >> 32) + (middle >> 32));
    const uint32_t two = top >> 31;

    x->w[0] = top;
    x->w[1] = (uint32_t)middle;
    x->w[2] = (uint32_t)low;
    if (two == 0) { /* 94 places: make it 95 again */
        x->w[0] = top << 1 | x->w[1] >> 31;
        x->w[1] = x->w[1] << 1 | x->w[2] >> 31;
        x->w[2] <<= 1;
    }
    return two;
}

/* The first `digits` binary places of log2(1 + f / 2^52), 0 < f < 2^52, digits <= 20: squaring
 * doubles the logarithm, and its whole part is the next digit.
 * Why this is exact: squarings only err downwards. A digit too low is made up for by ones in all
 * that follow and an x just below 2, so the result is wrong only if the true logarithm, times 2^20,
 * is above a whole number by less than the error: 2^20 * 6 * 2^-94 / ln 2 < 2^-70. Among all
 * doubles and all 2^20 boundaries of scale 20 the two that are closest without being equal differ
 * by a factor of 1 + 2^-77.7: 2^-57 in the same measure. (tests/property/test_exponential.py finds
 * it.) */
OTEL__FN int32_t otel__exp_log2_wide(uint64_t f, uint32_t digits)
{
    otel__exp_wide x;
    uint32_t       n = 0;

    x.w[0] = 0x80000000u | (uint32_t)(f >> 21);
    x.w[1] = (uint32_t)(f << 11);
    x.w[2] = 0;
    while (digits-- > 0) {
        n = n << 1 | otel__exp_square(&x);
    }
    return (int32_t)n;
}

#if defined(__SIZEOF_INT128__)
__extension__ typedef unsigned __int128 otel__exp_u128;

/* The same with 63 places. The error is below 2^20 * 2^-62 / ln 2 < 2^-41 of a digit's worth: it
 * can only matter if x ends within 2^-40 of 2, and then the wide one decides. */
OTEL__INLINE int32_t otel__exp_log2(uint64_t f, uint32_t digits)
{
    uint64_t x = UINT64_C(1) << 63 | f << 11;
    uint32_t n = 0, left = digits;

    while (left-- > 0) {
        const uint64_t square = (uint64_t)(((otel__exp_u128)x * x) >> 64);
        n = n << 1 | (uint32_t)(square >> 63);
        x = square << ((square >> 63) ^ 1u);
    }
    return OTEL__LIKELY(x >> 24 != (UINT64_C(1) << 40) - 1u) ? (int32_t)n
                                                             : otel__exp_log2_wide(f, digits);
}
#else
#define otel__exp_log2(f, digits) otel__exp_log2_wide(f, digits)
#endif

/* ---- the index ---- */

/* Move the highest set bit of a subnormal's fraction to where a normal one has its hidden bit, and
 * drop it; returns the exponent. */
OTEL__COLD static int32_t otel__exp_normalize(uint64_t *fraction)
{
    int32_t e = -1022;

    while (*fraction >> 52 == 0) {
        *fraction <<= 1;
        e--;
    }
    *fraction &= (UINT64_C(1) << 52) - 1u;
    return e;
}

#if !defined(OTEL_LITE_FREESTANDING)
/* The fractions of 2^(i / 64), cut to 52 places: a fraction is above the power when it is above
 * this; and how many of them lie below each 128th. (The same test computes them.) */
static const uint64_t otel__exp_bounds[65] = {
    UINT64_C(0x0000000000000), UINT64_C(0x02c9a3e778060), UINT64_C(0x059b0d3158574),
    UINT64_C(0x0874518759bc8), UINT64_C(0x0b5586cf9890f), UINT64_C(0x0e3ec32d3d1a2),
    UINT64_C(0x11301d0125b50), UINT64_C(0x1429aaea92ddf), UINT64_C(0x172b83c7d517a),
    UINT64_C(0x1a35beb6fcb75), UINT64_C(0x1d4873168b9aa), UINT64_C(0x2063b88628cd6),
    UINT64_C(0x2387a6e756238), UINT64_C(0x26b4565e27cdd), UINT64_C(0x29e9df51fdee1),
    UINT64_C(0x2d285a6e4030b), UINT64_C(0x306fe0a31b715), UINT64_C(0x33c08b26416ff),
    UINT64_C(0x371a7373aa9ca), UINT64_C(0x3a7db34e59ff6), UINT64_C(0x3dea64c123422),
    UINT64_C(0x4160a21f72e29), UINT64_C(0x44e086061892d), UINT64_C(0x486a2b5c13cd0),
    UINT64_C(0x4bfdad5362a27), UINT64_C(0x4f9b2769d2ca6), UINT64_C(0x5342b569d4f81),
    UINT64_C(0x56f4736b527da), UINT64_C(0x5ab07dd485429), UINT64_C(0x5e76f15ad2148),
    UINT64_C(0x6247eb03a5584), UINT64_C(0x6623882552224), UINT64_C(0x6a09e667f3bcc),
    UINT64_C(0x6dfb23c651a2e), UINT64_C(0x71f75e8ec5f73), UINT64_C(0x75feb564267c8),
    UINT64_C(0x7a11473eb0186), UINT64_C(0x7e2f336cf4e62), UINT64_C(0x82589994cce12),
    UINT64_C(0x868d99b4492ec), UINT64_C(0x8ace5422aa0db), UINT64_C(0x8f1ae99157736),
    UINT64_C(0x93737b0cdc5e4), UINT64_C(0x97d829fde4e4f), UINT64_C(0x9c49182a3f090),
    UINT64_C(0xa0c667b5de564), UINT64_C(0xa5503b23e255c), UINT64_C(0xa9e6b5579fdbf),
    UINT64_C(0xae89f995ad3ad), UINT64_C(0xb33a2b84f15fa), UINT64_C(0xb7f76f2fb5e46),
    UINT64_C(0xbcc1e904bc1d2), UINT64_C(0xc199bdd85529c), UINT64_C(0xc67f12e57d14b),
    UINT64_C(0xcb720dcef9069), UINT64_C(0xd072d4a07897b), UINT64_C(0xd5818dcfba487),
    UINT64_C(0xda9e603db3285), UINT64_C(0xdfc97337b9b5e), UINT64_C(0xe502ee78b3ff6),
    UINT64_C(0xea4afa2a490d9), UINT64_C(0xefa1bee615a27), UINT64_C(0xf50765b6e4540),
    UINT64_C(0xfa7c1819e90d8), UINT64_C(0x10000000000000)
};
static const uint8_t otel__exp_guess[128] = {
    0,  1,  2,  3,  3,  4,  5,  5,  6,  7,  7,  8,  9,  9,  10, 11, 11, 12, 13, 13, 14, 15,
    15, 16, 16, 17, 18, 18, 19, 19, 20, 21, 21, 22, 22, 23, 23, 24, 25, 25, 26, 26, 27, 27,
    28, 28, 29, 29, 30, 30, 31, 31, 32, 32, 33, 34, 34, 35, 35, 36, 36, 36, 37, 37, 38, 38,
    39, 39, 40, 40, 41, 41, 42, 42, 43, 43, 44, 44, 44, 45, 45, 46, 46, 47, 47, 48, 48, 48,
    49, 49, 50, 50, 51, 51, 51, 52, 52, 53, 53, 53, 54, 54, 55, 55, 55, 56, 56, 57, 57, 57,
    58, 58, 59, 59, 59, 60, 60, 60, 61, 61, 62, 62, 62, 63, 63, 63, 64, 64
};
#endif

/* The index of a finite value above 0, given by its bits. */
OTEL__HOT int32_t otel__exp_index(uint64_t bits, int32_t scale)
{
    int32_t        e = (int32_t)(bits >> 52) - 1023;
    uint64_t       f = bits & ((UINT64_C(1) << 52) - 1u);
    const uint32_t finer = scale > 0 ? (uint32_t)scale : 0,
                   coarser = scale < 0 ? 0u - (uint32_t)scale : 0;

    if (OTEL__UNLIKELY(e == -1023)) {
        e = otel__exp_normalize(&f);
    }
#if !defined(OTEL_LITE_FREESTANDING)
    if (OTEL__LIKELY(scale <= 6)) {
        const uint32_t below = otel__exp_guess[f >> 45];
        const int32_t  at = e * 64 - 1 + (int32_t)below + (f > otel__exp_bounds[below] ? 1 : 0);
        return otel__exp_shift(at, (uint32_t)(6 - scale));
    }
#endif
    e = e * (int32_t)(1u << finer) + (f == 0 ? -1 : otel__exp_log2(f, finer));
    return otel__exp_shift(e, coarser);
}

#endif /* OTEL_LITE_NO_EXPONENTIAL */
#endif /* OTEL__RECORD_EXPONENTIAL_INDEX_H */
