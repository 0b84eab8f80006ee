/* tok_proto: tokenizer.model, a protobuf message ModelProto. Source: sentencepiece_model.proto (field numbers,
 * defaults). */
#include <stdlib.h>
#include <string.h>

#include "tok/tok_int.h"

/* A protobuf message being read; the first fault stays in e. */
struct message {
    const uint8_t *at, *end, *start; /* start: of the whole file, for offsets in clauses */
    struct err *e;
};

struct field {
    uint32_t number, wire;
    uint64_t value;      /* varint, or 4 or 8 bytes little-endian */
    struct message body; /* length-delimited */
};

/* What the two specs say; the defaults are the proto's. */
struct spec {
    uint64_t model_type, byte_fallback, suffix, prefix, trim, escape;
    struct message charsmap, decode_charsmap, names[4]; /* unk, bos, eos, pad */
};

static int varint(struct message *m, uint64_t *out)
{
    uint64_t v = 0;

    for (int shift = 0; shift < 70 && m->at < m->end; shift += 7) {
        uint8_t byte = *m->at++;

        if (shift == 63 && byte > 1)
            return err_set(m->e, "offset %td: a number of more than 64 bits", m->at - m->start);
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = v;
            return 0;
        }
    }
    return err_set(m->e, "offset %td: the message ends within a number", m->at - m->start);
}

static int fixed(struct message *m, size_t n, uint64_t *out)
{
    if ((size_t)(m->end - m->at) < n)
        return err_set(m->e, "offset %td: %zu bytes wanted, %td left", m->at - m->start, n, m->end - m->at);
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out |= (uint64_t)m->at[i] << 8 * i;
    m->at += n;
    return 0;
}

/* Next field: 1, 0 at the end of the message, -1. */
static int field_next(struct message *m, struct field *f)
{
    uint64_t tag, n;

    if (m->at == m->end)
        return 0;
    if (varint(m, &tag) < 0)
        return -1;
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return err_set(m->e, "offset %td: field number %llu", m->at - m->start, (unsigned long long)(tag >> 3));
    *f = (struct field){.number = (uint32_t)(tag >> 3), .wire = tag & 7};
    switch (f->wire) {
    case 0:
        return varint(m, &f->value) < 0 ? -1 : 1;
    case 1:
        return fixed(m, 8, &f->value) < 0 ? -1 : 1;
    case 2:
        if (varint(m, &n) < 0)
            return -1;
        if (n > (uint64_t)(m->end - m->at))
            return err_set(m->e, "offset %td: field %u has %llu bytes, %td are left", m->at - m->start, f->number,
                           (unsigned long long)n, m->end - m->at);
        f->body = (struct message){m->at, m->at + n, m->start, m->e};
        m->at += n;
        return 1;
    case 5:
        return fixed(m, 4, &f->value) < 0 ? -1 : 1;
    }
    return err_set(m->e, "offset %td: field %u has wire type %u", m->at - m->start, f->number, f->wire);
}

/* The field must be of this wire type. */
static int field_is(const struct message *m, const struct field *f, uint32_t wire, const char *what)
{
    return f->wire == wire
               ? 0
               : err_set(m->e, "offset %td: %s has wire type %u, not %u", m->at - m->start, what, f->wire, wire);
}

static int piece_read(struct tok *t, struct message m, uint64_t id, uint64_t many)
{
    struct field f;
    struct message text = {0};
    uint64_t type = TOK_NORMAL;
    float score = 0;
    int got;

    while ((got = field_next(&m, &f)) > 0) {
        uint32_t bits = (uint32_t)f.value;

        if ((f.number == 1 && field_is(&m, &f, 2, "piece") < 0) ||
            (f.number == 2 && field_is(&m, &f, 5, "score") < 0) || (f.number == 3 && field_is(&m, &f, 0, "type") < 0))
            return -1;
        if (f.number == 1)
            text = f.body;
        else if (f.number == 2)
            memcpy(&score, &bits, 4);
        else if (f.number == 3)
            type = f.value;
    }
    if (got < 0)
        return -1;
    if (text.at == text.end)
        return err_set(m.e, "piece %llu has no text", (unsigned long long)id);
    for (const char *s = (const char *)text.at; s < (const char *)text.end;) {
        size_t n = tok_utf8(s, (size_t)((const char *)text.end - s));

        if (!n)
            return err_set(m.e, "piece %llu is not UTF-8", (unsigned long long)id);
        s += n;
    }
    if (type < TOK_NORMAL || type > TOK_BYTE)
        return err_set(m.e, "piece %llu has type %llu", (unsigned long long)id, (unsigned long long)type);
    if (score != score)
        return err_set(m.e, "piece %llu has a score that is not a number", (unsigned long long)id);
    if (tok_put(t, id, (const char *)text.at, (size_t)(text.end - text.at), (int)type, score, many, m.e) < 0)
        return -1;
    t->piece[id].flags = type == TOK_UNKNOWN ? TOK_OWN | TOK_ADDED : TOK_OWN;
    return 0;
}

/* Read the fields of a spec that are wanted: numbers into value[i], texts into text[i], by field number. */
struct wanted {
    uint32_t number;
    uint64_t *value;
    struct message *text;
    const char *name;
};

static int spec_read(struct message m, const struct wanted *w, size_t n)
{
    struct field f;
    int got;

    while ((got = field_next(&m, &f)) > 0)
        for (size_t i = 0; i < n; i++) {
            if (w[i].number != f.number)
                continue;
            if (field_is(&m, &f, w[i].text ? 2 : 0, w[i].name) < 0)
                return -1;
            if (w[i].text)
                *w[i].text = f.body;
            else
                *w[i].value = f.value;
        }
    return got;
}

static int trainer_read(struct message m, struct spec *s)
{
    const struct wanted w[] = {
        {3, &s->model_type, NULL, "model_type"},        {24, &s->suffix, NULL, "treat_whitespace_as_suffix"},
        {35, &s->byte_fallback, NULL, "byte_fallback"}, {45, NULL, &s->names[0], "unk_piece"},
        {46, NULL, &s->names[1], "bos_piece"},          {47, NULL, &s->names[2], "eos_piece"},
        {48, NULL, &s->names[3], "pad_piece"},
    };

    return spec_read(m, w, sizeof w / sizeof *w);
}

static int normalizer_read(struct message m, struct spec *s)
{
    const struct wanted w[] = {
        {2, NULL, &s->charsmap, "precompiled_charsmap"},
        {3, &s->prefix, NULL, "add_dummy_prefix"},
        {4, &s->trim, NULL, "remove_extra_whitespaces"},
        {5, &s->escape, NULL, "escape_whitespaces"},
    };

    return spec_read(m, w, sizeof w / sizeof *w);
}

static int denormalizer_read(struct message m, struct spec *s)
{
    const struct wanted w[] = {{2, NULL, &s->decode_charsmap, "precompiled_charsmap"}};

    return spec_read(m, w, 1);
}

static int model_read(struct tok *t, struct message m, struct spec *s, uint64_t many)
{
    struct field f;
    uint64_t id = 0;
    int got;

    while ((got = field_next(&m, &f)) > 0) {
        if (f.number > 5)
            continue;
        if (field_is(&m, &f, 2, "a part of the model") < 0)
            return -1;
        if ((f.number == 1 && piece_read(t, f.body, id++, many) < 0) ||
            (f.number == 2 && trainer_read(f.body, s) < 0) || (f.number == 3 && normalizer_read(f.body, s) < 0) ||
            (f.number == 5 && denormalizer_read(f.body, s) < 0))
            return -1;
    }
    return got;
}

static int spec_check(const struct spec *s, struct err *e)
{
    static const char *const type[] = {"0", "unigram", "BPE", "word", "char"};

    if (s->model_type != 1 && s->model_type != 2)
        return err_set(e, "the model is of type %s, only unigram and BPE are known",
                       s->model_type < 5 ? type[s->model_type] : "beyond 4");
    if (s->decode_charsmap.at != s->decode_charsmap.end)
        return err_set(e, "the denormalizer has a character map of %td bytes; only an identity is known",
                       s->decode_charsmap.end - s->decode_charsmap.at);
    return 0;
}

static char *name_of(const struct message *m, const char *otherwise)
{
    return m->at ? mem_strndup((const char *)m->at, (size_t)(m->end - m->at)) : mem_strdup(otherwise);
}

static int model_finish(struct tok *t, const struct spec *s, struct err *e)
{
    t->sp_prefix = s->prefix;
    t->sp_suffix = s->suffix;
    t->sp_trim = s->trim;
    t->sp_escape = s->escape;
    t->byte_fallback = s->byte_fallback;
    t->bos_text = name_of(&s->names[1], "<s>");
    t->eos_text = name_of(&s->names[2], "</s>");
    t->pad_text = name_of(&s->names[3], "<pad>");
    t->kind = s->model_type == 1 ? TOK_UGM : TOK_SPM;
    t->model = s->model_type == 1 ? TOK_UNIGRAM : TOK_BY_SCORE;
    t->pre = "default";
    t->sp = t->fuse_unk = true;
    if (s->charsmap.at != s->charsmap.end &&
        tok_charsmap_read(&t->charsmap, s->charsmap.at, (size_t)(s->charsmap.end - s->charsmap.at), e) < 0)
        return -1;
    if (t->kind == TOK_SPM ? t->charsmap.units > 0 : t->byte_fallback)
        t->pre = NULL; /* llama.cpp has no character map for the one kind, and no bytes for the other */
    return tok_spm_pieces(t, e);
}

int tok_proto_read(struct tok *t, const uint8_t *p, size_t n, struct err *e)
{
    struct spec s = {.model_type = 1, .prefix = 1, .trim = 1, .escape = 1};
    struct message m = {p, p + n, p, e};

    if (model_read(t, m, &s, n / 2) < 0 || spec_check(&s, e) < 0)
        return -1;
    return model_finish(t, &s, e);
}
