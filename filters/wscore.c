/*
 * wscore: how much each weight matters.
 *
 * Adds the companion `score`, F32 [rows][cols], to each chosen tensor; everything else passes. A tensor is held whole,
 * because its score goes before its value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/target.h"
#include "score/score.h"
#include "tensor/select.h"
#include "tensor/stream.h"

#define SLAB (1u << 20) /* weights held as f32 */

static const char *method_name, *report_path;
static uint64_t seed;
static int dry_run, list;
static struct select sel = {.linears = 1};

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "the score: see --list", 0},
    {0, "seed", "N", OPT_U64, &seed, "of random (default 0)", 0},
    SELECT_OPTS(sel),
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &report_path, "a TSV line for each tensor scored", 0},
    {'n', "dry-run", 0, OPT_FLAG, &dry_run, "write no stream; the report goes to standard output", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    OPT_END,
};

static const struct opt_spec spec = {"wscore", "-m NAME [OPTION]... <STREAM >STREAM", "Add the importance of each weight to a stream.", opts,
                                     opt_common, NULL};

static int print_list(void)
{
    for (int i = 0; score_table[i]; i++)
        printf("%s\t%s\n", score_table[i]->name, score_table[i]->brief);
    finish_stdout();
    return 0;
}

static const struct score_method *check_options(void)
{
    const struct score_method *m = method_name ? score_find(method_name) : NULL;
    struct err e;

    if (!method_name)
        die_usage("-m NAME is needed; --list names the scores");
    if (!m)
        die_usage("score '%s' is not known; --list names them", method_name);
    if (select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    if (dry_run && !report_path)
        report_path = "-";
    if (report_path && !dry_run && strcmp(report_path, "-") == 0)
        die_usage("--report -: standard output is the stream's; with -n it is free");
    return m;
}

/* Scores of a loaded bundle: float[rows][cols], free(); NULL on error. */
static float *scores(const struct score_method *m, const struct bundle *b, struct err *e)
{
    uint64_t step = m->whole ? b->rows : SLAB / (b->cols + 1) + 1, n;
    float *norm2 = m->needs & SCORE_NORM2 ? bundle_companion(b, "norm2", b->cols, e) : NULL;
    float *score, *w;
    int bad = m->needs & SCORE_NORM2 && !norm2;

    score = mem_new(b->rows * b->cols, sizeof *score);
    w = mem_new(step * b->cols, sizeof *w);
    for (uint64_t r = 0; r < b->rows && !bad; r += n) {
        n = b->rows - r < step ? b->rows - r : step;
        bad = bundle_rows(b, r, n, w, e) < 0 ||
              score_rows(m, &(struct score_job){b->name, seed, r, n, b->cols, w, norm2, score + r * b->cols}, e) < 0;
    }
    free(norm2);
    free(w);
    if (!bad)
        return score;
    free(score);
    return NULL;
}

static void report_line(struct buf *out, const struct bundle *b, const float *score)
{
    double sum = 0, least = b->rows * b->cols > 0 ? score[0] : 0, most = least;
    uint64_t zeros = 0;

    for (uint64_t r = 0; r < b->rows; r++) {
        double part = 0;

        for (uint64_t i = r * b->cols; i < (r + 1) * b->cols; i++) {
            zeros += score[i] == 0;
            least = score[i] < least ? score[i] : least;
            most = score[i] > most ? score[i] : most;
            part += score[i];
        }
        sum += part;
    }
    buf_printf(out, "%s\t%llu\t%llu\t%llu\t%.9g\t%.9g\t%.9g\n", b->name, (unsigned long long)b->rows, (unsigned long long)b->cols,
               (unsigned long long)zeros, sum, least, most);
}

static void add_score(struct reader *in, struct bundle *b, const struct score_method *m, struct buf *report)
{
    struct shape s = {2, {b->rows, b->cols}};
    struct err e;
    float *score;

    if (bundle_load(in, b, &e) < 0)
        die("%s", e.msg);
    score = scores(m, b, &e);
    if (!score)
        die("%s: %s", b->name, e.msg);
    if (report_path)
        report_line(report, b, score);
    if (!dry_run)
        bundle_set_companion(b, "score", &s, score);
    free(score);
}

int main(int argc, char **argv)
{
    struct buf report = {0};
    struct bundle b = {0};
    struct err e;
    int got;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("operand '%s': the stream comes on standard input", argv[1]);
    if (list)
        return print_list();
    const struct score_method *m = check_options();
    struct reader *in = reader_stdin(&e);
    struct writer *out = in && !dry_run ? writer_stdout(in, &e) : NULL;
    if (!in || (!out && !dry_run))
        die("%s", e.msg);
    reader_allow_partial(in, 1); /* a shard may be scored alone */
    buf_puts(&report, "tensor\trows\tcols\tzeros\tsum\tleast\tmost\n");
    while ((got = bundle_read(in, &b, &e)) > 0) {
        if (select_match(&sel, &b))
            add_score(in, &b, m, &report);
        if (out && bundle_write(out, in, &b, &e) < 0)
            die("%s", e.msg);
    }
    if (got < 0 || (out && writer_finish(out, &e) < 0))
        die("%s", e.msg);
    if (report_path && target_put(report_path, report.data, report.len, &e) < 0)
        die("%s", e.msg);
    bundle_free(&b);
    buf_free(&report);
    reader_close(in);
    return 0;
}
