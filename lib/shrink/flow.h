/* flow: a whole stream through a pass (shrink/pass.h), read twice where what stays depends on the whole model. */
#ifndef WEIR_SHRINK_FLOW_H
#define WEIR_SHRINK_FLOW_H

#include "shrink/pass.h"

/* Standard input, planned: behind the survey where there is one, for which a pipe is spooled. NULL: as shrink_plan,
 * shrink_survey and the reader. */
struct reader *shrink_reader(struct shrink_pass *s, struct err *e);

/*
 * All of in, as what it becomes. The files before the first tensor are held until config.json has been asked whether
 * it can say what will be left: on -1 for that nothing has been written.
 * out  NULL: a dry run. Head and manifest are changed.
 */
int shrink_flow(struct shrink_pass *s, struct reader *in, struct writer *out, struct err *e);

#endif
