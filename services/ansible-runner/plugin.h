#pragma once
/* The callback plug-in of Ansible, plugins/sps_events.py, as part of the program. */
#include <stddef.h>

extern const char plugin_text[], plugin_text_end[];
