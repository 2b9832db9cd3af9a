#pragma once
/*
 * Time passes for sagas: waits that are over, limits that have run out. One
 * replica at a time keeps the clock; whatever it does is looked at again under
 * the row's lock, so two clocks would do no harm.
 */
#include "service.h"

void saga_clock_start(struct service *s);
