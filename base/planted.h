/* planted.h -- PLANTED(NO_EPOCH_CHECK) is true in a build made to carry that bug of planted.def,
 * and a constant 0 in every other, where nothing of it is left. */
#pragma once

enum planted {
    PLANT_NONE,
#define PLANT(name, sentence) PLANT_##name,
#include "base/planted.def"
#undef PLANT
};

#ifdef CITYWATCH_PLANT
#define PLANTED(name)             (PLANT_##name == PLANT_OF_THIS_BUILD(CITYWATCH_PLANT))
#define PLANT_OF_THIS_BUILD(name) PLANT_NAME(name)
#define PLANT_NAME(name)          PLANT_##name
#else
#define PLANTED(name) (PLANT_##name == PLANT_NONE)
#endif
