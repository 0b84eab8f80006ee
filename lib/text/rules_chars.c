/* Characters for rules: classes from utf8proc's categories and three lists; Python's notions where the peers are in
 * Python. */
#include <pthread.h>
#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "text/rules_int.h"
#include "text/words.h"

uint8_t chars_bmp[65536];
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct range {
    uint32_t first, last;
};

/* Unicode 16, PropList.txt: Sentence_Terminal. FineWeb's marks at the end of a line are these. */
static const struct range terminal[] = {
    {0x21, 0x21},       {0x2e, 0x2e},       {0x3f, 0x3f},       {0x589, 0x589},     {0x61d, 0x61f},
    {0x6d4, 0x6d4},     {0x700, 0x702},     {0x7f9, 0x7f9},     {0x837, 0x837},     {0x839, 0x839},
    {0x83d, 0x83e},     {0x964, 0x965},     {0x104a, 0x104b},   {0x1362, 0x1362},   {0x1367, 0x1368},
    {0x166e, 0x166e},   {0x1735, 0x1736},   {0x17d4, 0x17d6},   {0x17d9, 0x17da},   {0x1803, 0x1803},
    {0x1809, 0x1809},   {0x1944, 0x1945},   {0x1aa8, 0x1aab},   {0x1b5a, 0x1b5b},   {0x1b5e, 0x1b5f},
    {0x1b7d, 0x1b7e},   {0x1c3b, 0x1c3c},   {0x1c7e, 0x1c7f},   {0x203c, 0x203d},   {0x2047, 0x2049},
    {0x2e2e, 0x2e2e},   {0x2e3c, 0x2e3c},   {0x2e53, 0x2e54},   {0x3002, 0x3002},   {0xa4ff, 0xa4ff},
    {0xa60e, 0xa60f},   {0xa6f3, 0xa6f3},   {0xa6f7, 0xa6f7},   {0xa876, 0xa877},   {0xa8ce, 0xa8cf},
    {0xa92f, 0xa92f},   {0xa9c8, 0xa9c9},   {0xaa5d, 0xaa5f},   {0xaaf0, 0xaaf1},   {0xabeb, 0xabeb},
    {0xfe52, 0xfe52},   {0xfe56, 0xfe57},   {0xff01, 0xff01},   {0xff0e, 0xff0e},   {0xff1f, 0xff1f},
    {0xff61, 0xff61},   {0x10a56, 0x10a57}, {0x10f55, 0x10f59}, {0x10f86, 0x10f89}, {0x11047, 0x11048},
    {0x110be, 0x110c1}, {0x11141, 0x11143}, {0x111c5, 0x111c6}, {0x111cd, 0x111cd}, {0x111de, 0x111df},
    {0x11238, 0x11239}, {0x1123b, 0x1123c}, {0x112a9, 0x112a9}, {0x1144b, 0x1144c}, {0x115c2, 0x115c3},
    {0x115c9, 0x115d7}, {0x11641, 0x11642}, {0x1173c, 0x1173e}, {0x11944, 0x11944}, {0x11946, 0x11946},
    {0x11a42, 0x11a43}, {0x11a9b, 0x11a9c}, {0x11c41, 0x11c42}, {0x11ef7, 0x11ef8}, {0x11f43, 0x11f44},
    {0x16a6e, 0x16a6f}, {0x16af5, 0x16af5}, {0x16b37, 0x16b38}, {0x16b44, 0x16b44}, {0x16e98, 0x16e98},
    {0x1bc9f, 0x1bc9f}, {0x1da88, 0x1da88}};

/* What datatrove takes for punctuation besides those: controls, ASCII's signs, and a hand-made list. U+FF11 is a digit,
 * and on it. */
static const struct range punctuation[] = {
    {0x0, 0x8},       {0xb, 0x1f},      {0x21, 0x2f},     {0x3a, 0x40},     {0x5b, 0x60},     {0x7b, 0x9f},
    {0xab, 0xab},     {0xb4, 0xb4},     {0xbb, 0xbb},     {0x2013, 0x2014}, {0x2019, 0x2019}, {0x201c, 0x201e},
    {0x2026, 0x2026}, {0x2236, 0x2236}, {0x2501, 0x2501}, {0x25ba, 0x25ba}, {0x3001, 0x3002}, {0x3008, 0x300d},
    {0x3010, 0x3011}, {0xff01, 0xff01}, {0xff05, 0xff05}, {0xff08, 0xff09}, {0xff0c, 0xff0c}, {0xff0e, 0xff0e},
    {0xff11, 0xff11}, {0xff1a, 0xff1b}, {0xff1f, 0xff1f}, {0xff5e, 0xff5e}};

static const struct range space[] = {{9, 13},          {0x1c, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},
                                     {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
                                     {0x205f, 0x205f}, {0x3000, 0x3000}};
static const struct range breaks[] = {{11, 13}, {0x1c, 0x1e}, {0x85, 0x85}, {0x2028, 0x2029}};

static int in(const struct range *r, size_t n, uint32_t c)
{
    size_t lo = 0;

    while (n) { /* the first range that does not end before c */
        size_t half = n / 2;

        if (r[lo + half].last < c)
            lo += half + 1, n -= half + 1;
        else
            n = half;
    }
    return r[lo].first <= c && c <= r[lo].last;
}
/* A table's last range ends the search; what lies beyond is in none. */
#define IN(t, c) ((c) <= (t)[sizeof(t) / sizeof *(t)-1].last && in(t, sizeof(t) / sizeof *(t), c))

static unsigned class_of(uint32_t c)
{
    utf8proc_category_t kind = utf8proc_category((utf8proc_int32_t)c);
    unsigned k = 0;

    k |= IN(space, c) ? CH_SPACE : 0;
    k |= IN(breaks, c) ? CH_BREAK : 0;
    k |= kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO ? CH_ALPHA : 0;
    k |= kind == UTF8PROC_CATEGORY_ND ? CH_DIGIT : 0;
    k |= IN(terminal, c) ? CH_TERM : IN(punctuation, c) ? 0 : CH_PLAIN;
    k |= c == '#' || c == 0x2026 ? CH_MARK : 0;
    k |= words_class(c) & WORDS_WORD ? CH_WORD : 0;
    return k;
}

static void fill(void)
{
    words_init();
    for (uint32_t c = 0; c < 65536; c++)
        chars_bmp[c] = (uint8_t)class_of(c);
}

void chars_init(void)
{
    pthread_once(&once, fill);
}

unsigned chars_class(uint32_t point)
{
    return point < 65536 ? chars_bmp[point] : class_of(point);
}

unsigned chars_wide(const unsigned char *p, size_t n, size_t *len)
{
    if (!utf8_bytes(p, n))
        return *len = 1, CH_PLAIN;
    return chars_class(utf8_point(p, len));
}

size_t chars_count(const unsigned char *p, size_t n)
{
    size_t chars = 0;

    for (size_t i = 0; i < n; i++)
        chars += (p[i] & 0xc0) != 0x80;
    return chars;
}

/* Class of the character that ends at b > a; *len its bytes. */
static unsigned before(const unsigned char *text, size_t a, size_t b, size_t *len)
{
    size_t i = b - 1;

    if (text[i] < 128)
        return *len = 1, chars_bmp[text[i]];
    while (i > a && b - i < 4 && (text[i] & 0xc0) == 0x80)
        i--;
    if (utf8_bytes(text + i, b - i) != b - i)
        return *len = 1, CH_PLAIN;
    return chars_at(text + i, b - i, len);
}

void chars_trim(const unsigned char *text, size_t *a, size_t *b)
{
    size_t len;

    while (*a < *b && (chars_at(text + *a, *b - *a, &len) & CH_SPACE))
        *a += len;
    while (*a < *b && (before(text, *a, *b, &len) & CH_SPACE))
        *b -= len;
}

unsigned chars_last(const unsigned char *p, size_t n)
{
    size_t len;

    return n ? before(p, 0, n, &len) : 0;
}

int chars_ends(const unsigned char *p, size_t n, const char *end)
{
    size_t k = strlen(end);

    return k <= n && memcmp(p + n - k, end, k) == 0;
}

int chars_starts(const unsigned char *p, size_t n, const char *start)
{
    size_t k = strlen(start);

    return k <= n && memcmp(p, start, k) == 0;
}

static int same_low(const unsigned char *p, const char *low, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]) != (unsigned char)low[i])
            return 0;
    return 1;
}

static int find_byte(const unsigned char *p, size_t n, const char *low, size_t k, int byte)
{
    size_t len = strlen(low);
    const unsigned char *at = p + k, *stop = n >= len ? p + (n - len + k) + 1 : at;

    while (at < stop && (at = memchr(at, byte, (size_t)(stop - at))) != NULL) {
        if (same_low(at - k, low, len))
            return 1;
        at++;
    }
    return 0;
}

int chars_find(const unsigned char *p, size_t n, const char *low, size_t k)
{
    return find_byte(p, n, low, k, low[k]) || find_byte(p, n, low, k, low[k] - 32);
}
