/* config: a page's numbers in Hugging Face's config.json: read, written anew, corrected in place. */
#ifndef WEIR_ARCH_CONFIG_H
#define WEIR_ARCH_CONFIG_H

#include "arch/model.h"
#include "record/json.h"

/*
 * config.json to head.model (model.h). The page is that of model_type; without one "arch" is the model_type itself, and
 * sizes by their usual names are set where they are whole numbers.
 * -1: no model_type; a number that the page has no default for is missing or of another kind (the sentence names its
 * keys).
 */
int config_read(const struct json *config, struct attrs *model, struct err *e);

/* Put the page's defaults for what head.model does not say. */
int config_fill(struct attrs *model, const struct arch *a, struct err *e);

/*
 * config.json of a model that came without one, appended.
 * type   in: safetensors' name of the weights' type, or NULL: torch_dtype is left out
 */
void config_make(const struct model *m, const char *type, struct buf *out);

/*
 * config.json such that it says what head.model says now: the text stays as it is but for the values of numbers that
 * differ; a key that is not there is put first.
 * text    in: the file as it came
 * model   in: head.model with all corrections
 * out     out: appended
 * -1: it is no JSON object, or config.json of this class has no way to say a number (named with both values).
 */
int config_correct(const struct buf *text, const struct attrs *model, struct buf *out, struct err *e);

/* The class that config.json names ("Qwen3ForCausalLM") is not looked at; the member at "a.b" of an object; NULL: it is
 * not there, or null. */
const struct json *config_at(const struct json *obj, const char *path);

/* Where the value at "a.b" stands in a JSON text that was parsed: 1 with [*from, *to), 0: not there, *from is behind
 * the brace of the innermost object that is, *path behind its keys. */
int config_span(const struct buf *text, const char **path, size_t *from, size_t *to);

/* Rotary angles' scaling, rope_parameters or rope_scaling: keys rope_scaling, rope_factor ... of head.model (model.h),
 * both ways. */
void config_read_rope(const struct json *c, struct attrs *m);
void config_make_rope(const struct model *m, struct buf *out); /* ',' and the member, or nothing */

/* A number as JSON: a float keeps a point or exponent. */
/* A number whose type the page says (false, 7.0, null). 1: it was one. */
int config_put_written(struct buf *b, const struct arch_number *n, const struct attr *t);
void config_put_float(struct buf *b, double v);

#endif
