#include "base/glob.h"

#include "tests/unit/check.h"

int main(void)
{
    CHECK(glob_match("*mlp*", "model.layers.0.mlp.up_proj.weight"));
    CHECK(glob_match("a*b", "a/x.y/b"));
    CHECK(glob_match("layers.[01].q", "layers.1.q") && !glob_match("layers.[01].q", "layers.2.q"));
    CHECK(glob_match("?", "x") && !glob_match("?", "") && !glob_match("?", "xy"));
    CHECK(!glob_match("mlp", "x.mlp") && glob_match("", ""));
    CHECK(glob_match("\\*", "*") && !glob_match("\\*", "x"));
    CHECK(glob_match_list("a,b*", "bcd") && glob_match_list("a,b*", "a") && !glob_match_list("a,b*", "cb"));
    CHECK(!glob_match_list("", "") && !glob_match_list(",", "") && !glob_match_list("a,,b", ""));
    return DONE();
}
