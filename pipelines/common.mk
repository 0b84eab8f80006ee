# common: what the makefiles here share. A makefile sets BIN and OUT, includes this, and puts its rules between ifdef HELD and endif.
# One make at a time works in OUT: the first pass takes a lock, runs the second under it, and whoever comes meanwhile waits.
# A target appears when it is whole, so a run that was killed anywhere goes on where it was; and it is made again when a variable, a file or
# a program that it was made from has changed: $(call var,NAME...) and $(call prog,NAME...) are prerequisites.
export PATH := $(BIN):$(PATH)
SHELL   = /bin/bash
.SHELLFLAGS = -o pipefail -ec

ifneq ($(HELD),$(abspath $(OUT)))
override undefine HELD
GOALS = $(or $(MAKECMDGOALS),all)
$(firstword $(GOALS)):
	@mkdir -p $(OUT); exec 9>$(OUT)/.lock; flock -n 9 || { echo 'waiting for another make in $(OUT)' >&2; flock 9; }; \
		$(MAKE) --no-print-directory HELD=$(abspath $(OUT)) $(GOALS)
$(filter-out $(firstword $(GOALS)),$(GOALS)): $(firstword $(GOALS)) ;
.PHONY: $(GOALS)
endif

# Behind a command: its output is the target, once it has ended well.
put = >$@.$$HOSTNAME.$$$$ && mv $@.$$HOSTNAME.$$$$ $@ || { rm -f $@.$$HOSTNAME.$$$$; exit 1; }

# A file for each variable that holds its value; written anew, so newer than what was made, when the value is another.
var = $(foreach v,$(1),$(OUT)/var/$(v)$(shell mkdir -p $(OUT)/var; printf '%s\n' '$(subst ','\'',$($(v)))' >$(OUT)/var/$(v).new; \
	if cmp -s $(OUT)/var/$(v).new $(OUT)/var/$(v); then rm $(OUT)/var/$(v).new; else mv $(OUT)/var/$(v).new $(OUT)/var/$(v); fi))
prog = $(addprefix $(BIN)/,$(1))
