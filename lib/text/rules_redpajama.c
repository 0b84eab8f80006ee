#include "text/rules_int.h"
void rules_redpajama(struct rules *r, double *v) { (void)r; for (int i = 0; i < RULES_VALUES; i++) if (rules_value[i].set == RS_redpajama) v[i] = 0; }
