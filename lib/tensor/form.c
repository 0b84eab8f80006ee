#include "tensor/form.h"

#include <string.h>

#define FORM(name) extern const struct form form_##name;
#include "tensor/form.def"
#undef FORM

const struct form *form_find(const char *name)
{
    static const struct form *const table[] = {
#define FORM(name) &form_##name,
#include "tensor/form.def"
#undef FORM
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

int form_is_fixed(const char *form, const char *part)
{
    const struct form *f = form_find(form);
    size_t n = strlen(part);

    for (const char *p = f ? f->fixed : NULL; p && *p; p += strcspn(p, ","), p += *p == ',')
        if (strncmp(p, part, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return 1;
    return 0;
}

struct part *form_part(const struct bundle *b, int term, const char *name, struct err *e)
{
    struct part *p = bundle_part(b, term, name);

    if (!p)
        err_set(e, "form %s lacks its part %s", b->term[term].form, name);
    return p;
}

int form_want(const struct bundle *b, const struct part *p, uint64_t rows, uint64_t cols, struct err *e)
{
    uint64_t n = p->shape.rank ? p->shape.dim[p->shape.rank - 1] : 1;
    char text[200];

    if (p->rows == rows && (p->shape.rank <= 2 && n == cols))
        return 0;
    return err_set(e, "part %s of form %s is %s, [%llu, %llu] is wanted", p->name, b->term[p->term].form,
                   shape_text(&p->shape, text), (unsigned long long)rows, (unsigned long long)cols);
}

int form_want_real(const struct part *p, struct err *e)
{
    if (dtype_info(p->dtype)->reads_f32)
        return 0;
    return err_set(e, "part %s is of type %s, which is not read as f32", p->name, dtype_info(p->dtype)->name);
}
