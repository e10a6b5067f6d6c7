#include "CEmbeddedWeights.h"

// C23 has #embed; clang takes it in older C as well, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

// An empty array is not C: an empty file leaves one byte, which does not count.
static const unsigned char weights[] = {
#embed "embedded.safetensors" suffix(, )
    0};

const unsigned char *embedded_weights(void) { return weights; }

size_t embedded_weights_length(void) { return sizeof weights - 1; }
