/* The plain build of the kernels: the definition. Vectors of four floats, which every target has or the compiler spells
 * out. */
#define TABLE kern_base
#define NAME "base"
#define W 4
#define MR 4
#define NV 2
#define DMR 4
#define DNV 2
#define TILE32 4, 8
#define TILE64 4, 4
#include "num/kern_body.h"
