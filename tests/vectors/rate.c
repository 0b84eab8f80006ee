/* Methods of rate against outside numbers: rate_size.tsv. */
#include <stdlib.h>

#include "rate/rate.h"
#include "record/jsonl.h"
#include "tests/unit/check.h"

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
    if (f)
        fclose(f);
    return DONE();
}
