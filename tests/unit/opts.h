/* opts: options of a method for one case: "density=0.5;seed=3" is set, and what they were is put back after it. */
#ifndef WEIR_TESTS_OPTS_H
#define WEIR_TESTS_OPTS_H

#include "base/opt_int.h"
#include "tests/unit/check.h"

#define OPTS_MOST 32

/* Bytes at `to`. OPT_CALL says by `to` that it sets an int. */
static inline size_t opts_size(const struct opt *o)
{
    int kind = OPT_KIND(o);

    if (!o->to || kind == OPT_LIST)
        return 0;
    return kind == OPT_FLAG || kind == OPT_COUNT || kind == OPT_CALL ? sizeof(int) : sizeof(uint64_t);
}

static inline int opts_has(const struct opt *o, const char *name)
{
    while (o && o->name && strcmp(o->name, name) != 0)
        o++;
    return o && o->name;
}

static inline void opts_keep(const struct opt *o, uint64_t kept[OPTS_MOST])
{
    for (int i = 0; o && o[i].name; i++)
        if (opts_size(&o[i]))
            memcpy(&kept[i], o[i].to, opts_size(&o[i]));
}

static inline void opts_back(const struct opt *o, const uint64_t kept[OPTS_MOST])
{
    for (int i = 0; o && o[i].name; i++)
        if (opts_size(&o[i]))
            memcpy(o[i].to, &kept[i], opts_size(&o[i]));
}

/* words are kept: texts point into them. "-" and "" say nothing. */
static inline void opts_set(const void *row, char *words)
{
    struct err e;

    for (char *word = strtok(words, ";"); word && *word != '-'; word = strtok(NULL, ";")) {
        char *is = strchr(word, '=');
        int rc;

        CHECK(is != NULL);
        *is = '\0';
        rc = opt_set(row, word, is + 1, &e);
        CHECK(rc == 0);
        if (rc < 0)
            printf("%s: %s\n", ((const struct opt_owner *)row)->name, e.msg);
    }
}

#endif
