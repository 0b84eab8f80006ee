/*
 * The inner loops of quant as static functions, and TABLE of them. A file isa_<set>.c defines TABLE, and LANES: floats
 * in a vector, at most 16; and includes this.
 */
#include <stddef.h>
#include <string.h>

#include "num/half_bits.h"
#include "quant/block32.h"
#include "quant/group.h"
#include "quant/iq1.h"
#include "quant/isa.h"
#include "quant/lanes.h"

#include "quant/fit_body.h"
#include "quant/superblock_body.h"
#include "quant/block32_body.h"
#include "quant/iq4_body.h"
#include "quant/near_body.h"
#include "quant/lattice_body.h"
#include "quant/iq1_body.h"
#include "quant/group_body.h"
#include "quant/levels_body.h"

extern const struct quant_isa TABLE;
const struct quant_isa TABLE = {encode_superblocks, encode_sym32,   encode_asym32, encode_iq4, encode_lattice,
                                encode_iq1,         range_of_group, code_group,    code_each,  code_group_shifted,
                                turn_hqq,           code_levels,    lose_levels};
