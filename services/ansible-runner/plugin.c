#include "plugin.h"

/* Part of the program, so that the plug-in and what understands it are always of one version. */
__asm__(".section .rodata\n"
        ".global plugin_text\n"
        ".global plugin_text_end\n"
        "plugin_text:\n"
        ".incbin \"" SPS_EVENTS_PY "\"\n"
        "plugin_text_end:\n"
        ".byte 0\n"
        ".previous\n");
