/* Methods of rate against outside numbers: rate_size.tsv, and rate_dsir.tsv by rate_dsir.py. */
#include <stdlib.h>

#include "text/feat.h"

#include "rate/rate.h"
#include "record/jsonl.h"
#include "tests/unit/check.h"
#include "text/fasttext.h"
#include "text/rules.h"
#include "text/words.h"

static void size_line(char *line)
{
    char text[4096];
    struct record r = {0};
    struct err e = {""};
    double bytes, chars, lines;
    char *tab = strchr(line, '\t');

    *tab = '\0';
    CHECK(sscanf(tab + 1, "%lf %lf %lf", &bytes, &chars, &lines) == 3);
    snprintf(text, sizeof text, "{\"text\":%s}", line);
    CHECK(jsonl_read(&r, text, strlen(text), "text", "id", &e) == 0);
    CHECK(rate_size.apply(NULL, &r, &e) == 0);
    CHECK(*record_score(&r, "bytes") == bytes);
    CHECK(*record_score(&r, "chars") == chars);
    CHECK(*record_score(&r, "lines") == lines);
    record_free(&r);
}

/* The text of a JSON string, which stays in room. */
static struct record *parse(const char *json, char *room, size_t size)
{
    static struct record r;
    struct err e = {""};

    snprintf(room, size, "{\"text\":%s}", json);
    CHECK(jsonl_read(&r, room, strlen(room), "text", "id", &e) == 0);
    return &r;
}

/* The sum of ratios over a text's n-grams: what rate_dsir's apply does, whose open wants files (tests/cli/dfeat.bats).
 * */
static double weigh(struct ngram *g, const struct record *r, const double *ratio)
{
    const uint32_t *bucket;
    double sum = 0;
    size_t k;

    ngram_begin(g, r->text, r->text_len);
    while ((k = ngram_next(g, &bucket)) > 0)
        for (size_t i = 0; i < k; i++)
            sum += ratio[bucket[i]];
    return sum;
}

static int dsir(void)
{
    struct ngram_opts o = {NGRAM_DSIR, 2, 1000};
    struct ngram *g = ngram_open(&o);
    struct feat f[2];
    double ratio[2][1000], want[2], words;
    FILE *in = fopen("tests/vectors/rate_dsir.tsv", "r");
    char line[2048], room[2048];
    int n = 0;

    for (int i = 0; i < 2; i++)
        feat_init(&f[i], &o);
    while (in && fgets(line, sizeof line, in)) {
        char *rest = line, *kind = strsep(&rest, "\t"), *text = strsep(&rest, "\t\n");
        struct record *r;

        if (*line == '#')
            continue;
        r = parse(text, room, sizeof room);
        if (strcmp(kind, "text") != 0) {
            feat_add(&f[strcmp(kind, "raw") == 0], g, r->text, r->text_len);
            continue;
        }
        for (int s = 0; s < 2; s++)
            CHECK(feat_log_ratio(&f[0], &f[1], 0.5 * s, ratio[s], NULL) == 0);
        CHECK(sscanf(rest, "%lf %lf %lf", &words, &want[0], &want[1]) == 3);
        for (int s = 0; s < 2; s++)
            CHECK_NEAR(weigh(g, r, ratio[s]), want[s], 1e-11 * (1 + fabs(want[s])));
        CHECK((double)ngram_words(g) == words);
        n++;
    }
    for (int i = 0; i < 2; i++)
        feat_free(&f[i]);
    ngram_close(g);
    if (in)
        fclose(in);
    return n;
}

/* The words of a text joined by a space, as words.h finds them. */
static void check_words(const struct record *r, int regex, const struct record *want)
{
    struct words w = {.regex = regex};
    size_t at, len;

    words_begin(&w, r->text, r->text_len);
    while (words_next(&w, &at, &len))
        ;
    CHECK(w.low.len == want->text_len && memcmp(w.low.data, want->text, want->text_len) == 0);
    words_free(&w);
}

/* NLTK's own words, before 3.10 and since. */
static int nltk_words(void)
{
    FILE *in = fopen("tests/golden/nltk/words.tsv", "r");
    char line[4096], room[2][4096];
    int n = 0, differ = 0;

    while (in && fgets(line, sizeof line, in)) {
        char *rest = line, *text = strsep(&rest, "\t"), *old = strsep(&rest, "\t"), *new = strsep(&rest, "\n");
        struct record r, want;

        if (*line == '#')
            continue;
        differ += strcmp(old, new) != 0;
        r = *parse(text, room[0], sizeof room[0]);
        for (int regex = 0; regex < 2; regex++) {
            want = *parse(regex ? new : old, room[1], sizeof room[1]);
            check_words(&r, regex, &want);
        }
        n++;
    }
    if (in)
        fclose(in);
    CHECK(differ >= 10);
    return n;
}

/* The columns' names are the first row's; a value of redpajama may differ in its last digits (a logarithm). */
static void rules_line(struct rules *r, const struct rules_want *w, int *column, int columns, char *line)
{
    static char text[(1 << 16) + 16];
    struct record rec = {0};
    struct err e = {""};
    double value[RULES_VALUES];
    char *at = strchr(line, '\t');

    *at++ = '\0';
    snprintf(text, sizeof text, "{\"text\":%s}", line);
    CHECK(jsonl_read(&rec, text, strlen(text), "text", "id", &e) == 0);
    CHECK(rules_run(r, w, rec.text, rec.text_len, value, &e) == 0);
    for (int c = 0; c < columns; c++) {
        double want = strtod(at, &at), got = value[column[c]];

        if (!(got == want || (rules_value[column[c]].set == RS_redpajama && fabs(got - want) <= 1e-12 * fabs(want))))
            printf("%.60s: %s is %.17g, not %.17g\n", line, rules_value[column[c]].name, got, want);
        CHECK(got == want || (rules_value[column[c]].set == RS_redpajama && fabs(got - want) <= 1e-12 * fabs(want)));
    }
    record_free(&rec);
}

static int find_value(const char *name)
{
    for (int v = 0; v < RULES_VALUES; v++)
        if (strcmp(rules_value[v].name, name) == 0)
            return v;
    printf("no value %s\n", name);
    return -1;
}

static int rules_columns(char *line, int *column)
{
    int n = 0;

    line[strcspn(line, "\n")] = '\0';
    strtok(line, "\t");
    for (char *name; n < RULES_VALUES && (name = strtok(NULL, "\t")) != NULL; n++)
        if ((column[n] = find_value(name)) < 0)
            return -1;
    return n;
}

static void rules_vectors(void)
{
    static char line[1 << 16];
    int column[RULES_VALUES], columns = -1, n = 0;
    FILE *f = fopen("tests/vectors/rate_rules.tsv", "r");
    struct rules *r = rules_new();
    struct rules_want w;

    rules_defaults(&w);
    CHECK(rules_preset(&w, "all", 3, NULL) == 0);
    CHECK(f != NULL);
    while (f && fgets(line, sizeof line, f))
        if (*line == '#')
            continue;
        else if (columns < 0)
            CHECK((columns = rules_columns(line, column)) == RULES_VALUES);
        else
            rules_line(r, &w, column, columns, line), n++;
    CHECK(n == 30);
    if (f)
        fclose(f);
    rules_free(r);
}

static double probability(const struct fasttext *f, const double *p, const char *label)
{
    for (int32_t i = 0; i < fasttext_labels(f); i++) {
        size_t len;
        const char *s = fasttext_label(f, i, &len);

        if (len == strlen(label) && memcmp(s, label, len) == 0)
            return p[i];
    }
    return -1;
}

/* predict-prob prints six digits; what is below 1e-4 is the 1e-5 that it adds, and f32's rounding of the rest. */
static void fasttext_line(char *line)
{
    char path[200], text[4096];
    struct record r = {0};
    struct err e = {""};
    struct fasttext *f;
    struct fasttext_room *room;
    double *p;
    int n = 0;
    char *at = strchr(line, '\t'), *label;

    line[strcspn(line, "\n")] = '\0';
    *at++ = '\0';
    snprintf(path, sizeof path, "tests/vectors/fasttext/%.100s", line);
    label = strchr(at, '\t');
    if (label)
        *label++ = '\0';
    snprintf(text, sizeof text, "{\"text\":%s}", at);
    CHECK(jsonl_read(&r, text, strlen(text), "text", "id", &e) == 0);
    f = fasttext_file(path, &e);
    CHECK(f != NULL);
    if (!f) {
        puts(e.msg);
        return;
    }
    room = fasttext_room_new(f);
    p = mem_new((size_t)fasttext_labels(f), sizeof *p);
    CHECK(fasttext_score(f, room, r.text, r.text_len, FASTTEXT_SPACE, p) == (label != NULL));
    for (label = label ? strtok(label, "\t") : NULL; label; label = strtok(NULL, "\t"), n++) {
        char *number = strtok(NULL, "\t");
        double want = number ? strtod(number, NULL) : -2, got = probability(f, p, label);

        if (!(fabs(got - want) <= 1e-5 * want + 1e-9))
            printf("%s: %s is %.9g, not %.9g\n", path, label, got, want);
        CHECK(fabs(got - want) <= 1e-5 * want + 1e-9);
    }
    CHECK(n == 0 || n >= 3);
    free(p);
    fasttext_room_free(room);
    fasttext_close(f);
    record_free(&r);
}

static void fasttext_vectors(void)
{
    static char line[1 << 13];
    FILE *f = fopen("tests/vectors/rate_fasttext.tsv", "r");
    int n = 0;

    CHECK(f != NULL);
    while (f && fgets(line, sizeof line, f))
        if (*line != '#')
            fasttext_line(line), n++;
    CHECK(n == 98);
    if (f)
        fclose(f);
}

int main(void)
{
    FILE *f = fopen("tests/vectors/rate_size.tsv", "r");
    char line[2048];
    int n = 0;

    CHECK(f != NULL);
    while (f && fgets(line, sizeof line, f))
        if (*line != '#')
            size_line(line), n++;
    CHECK(n == 8);
    CHECK(dsir() == 8);
    CHECK(nltk_words() == 16);
    if (f)
        fclose(f);
    rules_vectors();
    fasttext_vectors();
    return DONE();
}
