#include "file/shards.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/target.h"
#include "record/json.h"

#define OPEN SIZE_MAX /* the shard that tensors go to; numbered when it is closed, as the peers number theirs */

static size_t close_shard(size_t *of, size_t from, size_t to, size_t n)
{
    size_t seen = 0;

    for (size_t i = from; i < to; i++)
        if (of[i] == OPEN) {
            of[i] = n;
            seen = 1;
        }
    return n + seen;
}

size_t shards_plan(const struct pile *p, uint64_t max, int gather, size_t *of)
{
    size_t n = 0, first = 0; /* of the open shard */
    uint64_t held = 0;

    for (size_t i = 0; i < p->n; i++) {
        uint64_t bytes = p->item[i].bytes;
        int alone = gather && bytes > max;

        if (!alone && (bytes > max || held > max - bytes)) {
            n = close_shard(of, first, i, n);
            first = i;
            held = 0;
        }
        of[i] = alone ? n++ : OPEN;
        held = alone ? held : bytes > max ? max : held + bytes;
    }
    return close_shard(of, first, p->n, n);
}

void shards_pile(const struct pile *p, const size_t *of, size_t shard, struct pile *part)
{
    *part = *p;
    part->n = 0;
    part->item = mem_new(p->n + 1, sizeof *part->item);
    for (size_t i = 0; i < p->n; i++)
        if (of[i] == shard)
            part->item[part->n++] = p->item[i];
}

char *shards_name(const char *prefix, size_t shard, size_t n, const char *suffix)
{
    return mem_printf("%s-%05zu-of-%05zu%s", prefix, shard + 1, n, suffix);
}

struct place {
    const char *tensor;
    size_t shard;
};

static int by_tensor(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->tensor, ((const struct place *)b)->tensor);
}

void shards_index(const struct pile *p, const size_t *of, size_t n, struct buf *out)
{
    struct place *place = mem_new(p->n + 1, sizeof *place);
    uint64_t total = 0;

    for (size_t i = 0; i < p->n; i++) {
        place[i] = (struct place){p->item[i].name, of[i]};
        total += p->item[i].bytes;
    }
    qsort(place, p->n, sizeof *place, by_tensor);
    buf_printf(out, "{\n  \"metadata\": {\n    \"total_size\": %llu\n  },\n  \"weight_map\": {",
               (unsigned long long)total);
    for (size_t i = 0; i < p->n; i++) {
        char *file = shards_name("model", place[i].shard, n, ".safetensors");

        buf_puts(out, i ? ",\n    " : "\n    ");
        json_put_string(out, place[i].tensor, strlen(place[i].tensor));
        buf_printf(out, ": \"%s\"", file);
        free(file);
    }
    buf_puts(out, "\n  }\n}\n");
    free(place);
}

/* The keys of part i: all in the first, else only those that say how the file is read. */
static void part_keys(const struct gguf_keys *k, size_t i, size_t n, size_t tensors, struct gguf_keys *out)
{
    if (i == 0)
        gguf_keys_copy(out, k);
    else if (k->align && k->align != GGUF_ALIGN)
        gguf_put_u32(out, "general.alignment", (uint32_t)k->align);
    out->align = k->align;
    gguf_put_u16(out, "split.no", (uint16_t)i);
    gguf_put_u16(out, "split.count", (uint16_t)n);
    gguf_put_i32(out, "split.tensors.count", (int32_t)tensors);
}

static int write_part(const struct pile *p, const struct gguf_keys *k, const char *path, struct err *e)
{
    struct target *t = target_open(path, e);

    if (!t)
        return -1;
    if (gguf_write(p, k, target_fd(t), e) < 0) {
        target_abort(t);
        return -1;
    }
    return target_commit(t, e);
}

/* "a/m.gguf" without ".gguf". */
static char *prefix_of(const char *path)
{
    size_t n = strlen(path);

    return mem_strndup(path, n > 5 && strcmp(path + n - 5, ".gguf") == 0 ? n - 5 : n);
}

int shards_gguf(const struct pile *p, const size_t *of, size_t n, const struct gguf_keys *k, const char *path,
                struct err *e)
{
    char *prefix = prefix_of(path), **name = mem_new(n + 1, sizeof *name);
    size_t done = 0;
    int rc = n > UINT16_MAX
                 ? err_set(e, "%zu parts, split.count holds %d at most: give more to --max-shard-size", n, UINT16_MAX)
                 : pile_check(p, e);

    for (; rc == 0 && done < n; done++) {
        struct pile part;
        struct gguf_keys keys = {0};

        name[done] = shards_name(prefix, done, n, ".gguf");
        shards_pile(p, of, done, &part);
        part_keys(k, done, n, p->n, &keys);
        rc = write_part(&part, &keys, name[done], e);
        gguf_keys_free(&keys);
        free(part.item);
    }
    for (size_t i = 0; i < done; i++) {
        if (rc < 0)
            unlink(name[i]);
        free(name[i]);
    }
    free(name);
    free(prefix);
    return rc;
}
