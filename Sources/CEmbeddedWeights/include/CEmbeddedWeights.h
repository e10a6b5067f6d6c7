// The weights of the embedded backbone, a safetensors file within the program.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The file's first byte.
const unsigned char *embedded_weights(void);
/// The file's length; 0 where the program was built without weights.
size_t embedded_weights_length(void);

#ifdef __cplusplus
}
#endif
