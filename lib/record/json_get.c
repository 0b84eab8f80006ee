/* What a tree of JSON holds, by name. */
#include <math.h>
#include <string.h>

#include "record/json.h"

const struct json *json_get(const struct json *obj, const char *key)
{
    size_t n = strlen(key);

    if (!obj || obj->kind != JSON_OBJECT)
        return NULL;
    for (const struct json *j = obj->first; j; j = j->next)
        if (j->key_len == n && memcmp(j->key, key, n) == 0)
            return j;
    return NULL;
}

int64_t json_int(const struct json *obj, const char *key, int64_t otherwise)
{
    const struct json *j = json_get(obj, key);

    if (j && j->kind == JSON_INT)
        return j->i;
    if (j && j->kind == JSON_NUMBER && j->num == floor(j->num) && fabs(j->num) < 9007199254740992.0)
        return (int64_t)j->num;
    return otherwise;
}

double json_num(const struct json *obj, const char *key, double otherwise)
{
    const struct json *j = json_get(obj, key);

    return j && (j->kind == JSON_INT || j->kind == JSON_NUMBER) ? j->num : otherwise;
}

const char *json_str(const struct json *obj, const char *key, const char *otherwise)
{
    const struct json *j = json_get(obj, key);

    return j && j->kind == JSON_STRING ? j->s : otherwise;
}

int json_bool(const struct json *obj, const char *key, int otherwise)
{
    const struct json *j = json_get(obj, key);

    return j && j->kind == JSON_BOOL ? (int)j->i : otherwise;
}
